"""The store's Alembic migrations, one module a version, forward only."""
