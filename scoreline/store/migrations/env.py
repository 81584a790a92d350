"""Alembic's environment: it runs on the connection that the store hands over.

What belongs here: the call into Alembic, in the store's own transaction. What does not:
connecting; `alembic` on the command line has no business here.
"""

from __future__ import annotations

from alembic import context

from scoreline.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
