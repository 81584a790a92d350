"""Migrations agree with the tables, carry data forward, and refuse what they do not know."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable
from store_builders import commit, store_url

from scoreline.core.errors import StoreError
from scoreline.store import migrating
from scoreline.store.schema import GUARDED, HEAD, metadata
from scoreline.store.store import ControlStore

ADDED = f'''
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{HEAD}"


def upgrade():
    """Remakes a table that others refer to, as SQLite must for many changes."""
    with op.batch_alter_table("ledger_records", recreate="always") as table:
        table.add_column(sa.Column("colour", sa.Text()))
'''


def test_migrations_make_the_tables_of_the_schema(store: ControlStore) -> None:
    """Autogenerate finds no difference, and SQLite keeps statements of the same words."""
    with store._read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        migrated = {n: _words(s) for n, s in connection.exec_driver_sql(query)}
    direct = create_engine("sqlite://")
    metadata.create_all(direct)
    with direct.connect() as connection:
        made = {n: _words(s) for n, s in connection.exec_driver_sql(query)}
    del migrated["alembic_version"]
    assert migrated == made


def _words(statement: str) -> list[str]:
    """A statement's words, without regard to the order of its clauses."""
    return sorted(re.findall(r"[^\s,()]+", statement.replace('"', "")))


def test_the_code_names_the_newest_version() -> None:
    """HEAD is Alembic's head, the line of versions is single, and tallies fit."""
    scripts = ScriptDirectory(str(migrating.MIGRATIONS))
    assert scripts.get_heads() == [HEAD]
    modules = (revision.module for revision in scripts.walk_revisions())
    tallied = {name for module in modules for name in getattr(module, "TALLIED", ())}
    assert tallied == {table.name for table in GUARDED}


def test_an_empty_database_becomes_a_store(tmp_path: Path) -> None:
    """Missing file, empty file, and a version table without a version are all brought up."""
    for name, prepare in {"missing": None, "empty": "", "unstamped": "x"}.items():
        folder = tmp_path / name
        if prepare is not None:
            folder.mkdir()
            (folder / "control.db").touch()
        if prepare:
            engine = create_engine(store_url(folder))
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
            engine.dispose()
        store = ControlStore.open(store_url(folder))
        assert store.verify_ledger() == []
        store.close()


def test_a_newer_store_is_refused(store: ControlStore, tmp_path: Path) -> None:
    """A version that this release does not know is named, and nothing is changed."""
    with store._write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="9999, which this release does not know"):
        ControlStore.open(store_url(tmp_path))
    with pytest.raises(StoreError, match="schema version 9999"):
        ControlStore.open(store_url(tmp_path), read_only=True)


def test_another_database_is_refused(tmp_path: Path) -> None:
    """A database with other tables, and a file that is none, are left alone."""
    engine = create_engine(store_url(tmp_path))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE customers (id INTEGER)"))
    engine.dispose()
    with pytest.raises(StoreError, match="customers"):
        ControlStore.open(store_url(tmp_path))
    (tmp_path / "control.db").write_bytes(b"not a database, but long enough to look at" * 50)
    with pytest.raises(StoreError, match="something else"):
        ControlStore.open(store_url(tmp_path))


def test_data_survive_an_upgrade(store: ControlStore, tmp_path: Path) -> None:
    """A later version that remakes the ledger's table keeps every row and reference."""
    commit(store)
    before = store.records(1)
    folder = tmp_path / "migrations"
    shutil.copytree(migrating.MIGRATIONS, folder)
    (folder / "versions" / "v9000_colour.py").write_text(ADDED)
    for _ in range(2):
        migrating.bring_up(store._engine, migrate=True, folder=folder, head="9000")
    with store._read() as connection:
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert store.records(1) == before


def test_a_failed_upgrade_leaves_the_store_as_it_was(store: ControlStore, tmp_path: Path) -> None:
    """A version that breaks off is taken back whole, its first statements too."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrating.MIGRATIONS, folder)
    broken = ADDED.replace(
        "def upgrade():", "def upgrade():\n    op.drop_table('scores')\n    1 / 0"
    )
    (folder / "versions" / "v9000_colour.py").write_text(broken)
    with pytest.raises(ZeroDivisionError):
        migrating.bring_up(store._engine, migrate=True, folder=folder, head="9000")
    assert store.verify_ledger() == []
    assert store.newest_scores() == {}


def test_the_tables_are_legal_in_postgresql() -> None:
    """Every table and index has a statement in PostgreSQL's dialect."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))


def test_opening_an_up_to_date_store_imports_no_alembic(
    store: ControlStore, tmp_path: Path
) -> None:
    """Alembic is imported where a migration is due, and only there."""
    store.close()
    code = (
        "import sys; from scoreline.store.store import ControlStore; "
        f"ControlStore.open({store_url(tmp_path)!r}).close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
