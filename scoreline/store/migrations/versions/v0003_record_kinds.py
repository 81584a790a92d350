"""Version 0003: kinds of records held by the code alone; streams as they stood; cycles.

The list of kinds goes from the table, so that a new kind needs no remaking of the ledger;
verification names a record of a kind that no release knows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TALLIED = ("stream_versions",)


def upgrade() -> None:
    """Free the kinds, then make the new tables."""
    with op.batch_alter_table("ledger_records", copy_from=_ledger_records()) as table:
        table.drop_constraint(op.f("ck_ledger_records_kind"), type_="check")
    _stream_versions()
    _cycles()
    _restatements()


def _ledger_records() -> sa.Table:
    """The table as version 0001 made it: SQLite makes it anew from this."""
    made = sa.Table(
        "ledger_records",
        sa.MetaData(),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind <> ''", name=op.f("ck_ledger_records_kind")),
        sa.CheckConstraint(
            "(block IS NULL) = (position IS NULL)", name=op.f("ck_ledger_records_sealed")
        ),
        sa.ForeignKeyConstraint(
            ["block"], ["ledger_blocks.height"], name=op.f("fk_ledger_records_block_ledger_blocks")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_records")),
        sa.UniqueConstraint("block", "position", name=op.f("uq_ledger_records_block_position")),
    )
    sa.Index(op.f("ix_ledger_records_digest"), made.c.digest)
    sa.Index(op.f("ix_ledger_records_kind_subject"), made.c.kind, made.c.subject)
    return made


def _record_table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("record", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f(f"fk_{name}_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f(f"pk_{name}")),
    )


def _stream_versions() -> None:
    _record_table(
        "stream_versions",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("batches", sa.LargeBinary(), nullable=False),
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint("coding IN ('text', 'zlib')", name=op.f("ck_stream_versions_coding")),
    )
    op.create_index(
        op.f("ix_stream_versions_stream_record"),
        "stream_versions",
        ["stream", "record"],
        unique=False,
    )
    table = sa.table("row_tallies", sa.column("table_name"), sa.column("rows"), sa.column("total"))
    rows = [{"table_name": name, "rows": 0, "total": "0" * 64} for name in TALLIED]
    op.bulk_insert(table, rows)


def _newest(name: str, column: str) -> None:
    op.create_index(op.f(f"ix_{name}_{column}_record"), name, [column, "record"], unique=False)
    op.create_index(
        f"ix_{name}_newest",
        name,
        [column],
        unique=True,
        sqlite_where=sa.text("newest = 1"),
        postgresql_where=sa.text("newest = 1"),
    )


def _cycles() -> None:
    _record_table(
        "cycles",
        sa.Column("cycle", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.CheckConstraint("newest IN (0, 1)", name=op.f("ck_cycles_newest")),
        sa.CheckConstraint("state IN ('closed', 'reopened')", name=op.f("ck_cycles_state")),
    )
    _newest("cycles", "cycle")


def _restatements() -> None:
    _record_table(
        "restatements",
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.CheckConstraint("newest IN (0, 1)", name=op.f("ck_restatements_newest")),
    )
    _newest("restatements", "key_result")
