"""Bringing a store to the schema of this release: forward only, one version at a time.

What belongs here: finding a store's version and running Alembic where it is behind. What
does not: the versions themselves (migrations/versions) and today's tables (schema).

A store that is up to date costs one SELECT; Alembic is imported only where it is not.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from scoreline.core.errors import StoreError
from scoreline.store import dialect
from scoreline.store.schema import HEAD

MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up(engine: Engine, *, migrate: bool, folder: Path = MIGRATIONS, head: str = HEAD) -> None:
    """Make sure that a store has the schema of version `head`.

    Args:
        engine: the store.
        migrate: whether an older (or empty) store may be brought forward.
        folder: Alembic's script folder.
        head: the newest version there.

    Raises:
        StoreError: the store is newer than this release, is something else, or is behind
            and may not be brought forward.
    """
    found = schema_version(engine)
    if found == head:
        return
    if not migrate:
        raise StoreError(
            f"the control store has schema version {found or 'none'} where this release reads "
            f"{head}: run `scoreline run` once with write access, or upgrade Scoreline"
        )
    with dialect.restructuring(engine) as connection:
        _refuse_foreign(connection)
        _upgrade(connection, folder)


def schema_version(engine: Engine) -> str | None:
    """A store's schema version; None where the database holds no store."""
    with dialect.explained(engine), engine.connect() as connection:
        try:
            return _stamped(connection)
        except DBAPIError:
            connection.rollback()
            if inspect(connection).has_table("alembic_version"):
                raise
            return None


def _stamped(connection: Connection) -> str | None:
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def _refuse_foreign(connection: Connection) -> None:
    """Refuse a database that has tables but no version: it is no store of ours.

    Raises:
        StoreError: always, for such a one.
    """
    tables = set(inspect(connection).get_table_names())
    stamped = "alembic_version" in tables and _stamped(connection) is not None
    others = sorted(tables - {"alembic_version"})
    if others and not stamped:
        raise StoreError(
            f"the database has tables ({', '.join(others[:3])} …) but no version of a control "
            "store: check the URL, or restore a backup"
        )


def _upgrade(connection: Connection, folder: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    revisions = ScriptDirectory.from_config(config).walk_revisions()
    _refuse_newer(connection, {revision.revision for revision in revisions})
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, known: set[str]) -> None:
    if "alembic_version" not in inspect(connection).get_table_names():
        return
    found = _stamped(connection)
    if found is not None and found not in known:
        raise StoreError(
            f"the control store has schema version {found}, which this release does not know "
            f"(it knows up to {max(known)}): a newer release wrote it; upgrade Scoreline"
        )
