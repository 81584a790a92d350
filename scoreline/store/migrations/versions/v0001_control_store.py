"""Version 0001: the ledger, what is guarded, and what refers to the ledger.

Never changed once released: what comes later is a version of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TALLIED = (
    "ledger_blocks",
    "runs",
    "seen_objects",
    "batches",
    "quarantines",
    "stream_states",
    "extractions",
    "dimension_values",
)


def upgrade() -> None:
    """Make every table, in the order of their references."""
    _ledger_blocks()
    _ledger_records()
    _runs()
    _seen_objects()
    _batches()
    _quarantines()
    _stream_states()
    _extractions()
    _dimension_values()
    _row_tallies()
    _definitions()
    _series_values()
    _baselines()
    _scores()
    _check_ins()


def _ledger_blocks() -> None:
    op.create_table(
        "ledger_blocks",
        sa.Column("height", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev", sa.Text(), nullable=True),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("copied_to", sa.Text(), nullable=True),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_ledger_blocks_count")),
        sa.PrimaryKeyConstraint("height", name=op.f("pk_ledger_blocks")),
        sa.UniqueConstraint("digest", name=op.f("uq_ledger_blocks_digest")),
    )


def _ledger_records() -> None:
    op.create_table(
        "ledger_records",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'reread', 'checks', 'decision', 'supersede', 'load', 'stream', "
            "'definition', 'value', 'baseline', 'score', 'check_in')",
            name=op.f("ck_ledger_records_kind"),
        ),
        sa.CheckConstraint(
            "(block IS NULL) = (position IS NULL)", name=op.f("ck_ledger_records_sealed")
        ),
        sa.ForeignKeyConstraint(
            ["block"], ["ledger_blocks.height"], name=op.f("fk_ledger_records_block_ledger_blocks")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_records")),
        sa.UniqueConstraint("block", "position", name=op.f("uq_ledger_records_block_position")),
    )
    op.create_index(op.f("ix_ledger_records_digest"), "ledger_records", ["digest"], unique=False)
    op.create_index(
        op.f("ix_ledger_records_kind_subject"), "ledger_records", ["kind", "subject"], unique=False
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_runs_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )


def _seen_objects() -> None:
    op.create_table(
        "seen_objects",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "object", name=op.f("pk_seen_objects")),
    )


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=True),
        sa.Column("load", sa.Integer(), nullable=True),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("object_digest", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("released", sa.Integer(), nullable=False),
        sa.Column("kept", sa.LargeBinary(), nullable=True),
        sa.Column("rows_kept", sa.Integer(), nullable=False),
        sa.Column("rows_quarantined", sa.Integer(), nullable=False),
        sa.Column("has_cursor", sa.Integer(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('landed', 'passed', 'blocked', 'loaded', 'rejected')",
            name=op.f("ck_batches_state"),
        ),
        sa.CheckConstraint("has_cursor IN (0, 1)", name=op.f("ck_batches_has_cursor")),
        sa.CheckConstraint("released IN (0, 1)", name=op.f("ck_batches_released")),
        sa.CheckConstraint(
            "rows_kept >= 0 AND rows_quarantined >= 0", name=op.f("ck_batches_rows")
        ),
        sa.ForeignKeyConstraint(
            ["checks"], ["ledger_records.seq"], name=op.f("fk_batches_checks_ledger_records")
        ),
        sa.ForeignKeyConstraint(
            ["load"], ["ledger_records.seq"], name=op.f("fk_batches_load_ledger_records")
        ),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_batches_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("record", name=op.f("uq_batches_record")),
        sa.UniqueConstraint("seq", name=op.f("uq_batches_seq")),
    )
    op.create_index(op.f("ix_batches_state"), "batches", ["state"], unique=False)
    op.create_index(op.f("ix_batches_stream_seq"), "batches", ["stream", "seq"], unique=False)


def _quarantines() -> None:
    op.create_table(
        "quarantines",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("check", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("releasable", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('held', 'released', 'rejected')", name=op.f("ck_quarantines_state")
        ),
        sa.CheckConstraint("releasable IN (0, 1)", name=op.f("ck_quarantines_releasable")),
        sa.CheckConstraint("rows >= 0", name=op.f("ck_quarantines_rows")),
        sa.ForeignKeyConstraint(
            ["batch"], ["batches.id"], name=op.f("fk_quarantines_batch_batches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantines")),
    )
    op.create_index(op.f("ix_quarantines_batch"), "quarantines", ["batch"], unique=False)
    op.create_index(
        op.f("ix_quarantines_stream_state"), "quarantines", ["stream", "state"], unique=False
    )


def _stream_states() -> None:
    op.create_table(
        "stream_states",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("batches", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint("coding IN ('text', 'zlib')", name=op.f("ck_stream_states_coding")),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_stream_states_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_stream_states")),
    )


def _extractions() -> None:
    op.create_table(
        "extractions",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_extractions")),
    )


def _dimension_values() -> None:
    op.create_table(
        "dimension_values",
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("relation", "column", "value", name=op.f("pk_dimension_values")),
    )


def _row_tallies() -> None:
    op.create_table(
        "row_tallies",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_row_tallies")),
    )
    table = sa.table("row_tallies", sa.column("table_name"), sa.column("rows"), sa.column("total"))
    rows = [{"table_name": name, "rows": 0, "total": "0" * 64} for name in TALLIED]
    op.bulk_insert(table, rows)


def _definitions() -> None:
    op.create_table(
        "definitions",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sql_digest", sa.Text(), nullable=True),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.CheckConstraint("newest IN (0, 1)", name=op.f("ck_definitions_newest")),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_definitions_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_definitions")),
    )
    op.create_index(
        op.f("ix_definitions_name_record"), "definitions", ["name", "record"], unique=False
    )
    op.create_index(
        "ix_definitions_newest",
        "definitions",
        ["name"],
        unique=True,
        sqlite_where=sa.text("newest = 1"),
        postgresql_where=sa.text("newest = 1"),
    )


def _series_values() -> None:
    op.create_table(
        "series_values",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("input_digest", sa.Text(), nullable=False),
        sa.Column("series_digest", sa.Text(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("stored_digest", sa.Text(), nullable=False),
        sa.Column("series", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("coding IN ('text', 'zlib')", name=op.f("ck_series_values_coding")),
        sa.CheckConstraint("newest IN (0, 1)", name=op.f("ck_series_values_newest")),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_series_values_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_series_values")),
    )
    op.create_index(
        "ix_series_values_newest",
        "series_values",
        ["request"],
        unique=True,
        sqlite_where=sa.text("newest = 1"),
        postgresql_where=sa.text("newest = 1"),
    )
    op.create_index(
        op.f("ix_series_values_request_record"),
        "series_values",
        ["request", "record"],
        unique=False,
    )


def _baselines() -> None:
    op.create_table(
        "baselines",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.CheckConstraint("newest IN (0, 1)", name=op.f("ck_baselines_newest")),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_baselines_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_baselines")),
    )
    op.create_index(
        op.f("ix_baselines_key_result_record"), "baselines", ["key_result", "record"], unique=False
    )
    op.create_index(
        "ix_baselines_newest",
        "baselines",
        ["key_result"],
        unique=True,
        sqlite_where=sa.text("newest = 1"),
        postgresql_where=sa.text("newest = 1"),
    )


def _scores() -> None:
    op.create_table(
        "scores",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.CheckConstraint("good IN (0, 1)", name=op.f("ck_scores_good")),
        sa.CheckConstraint("newest IN (0, 1)", name=op.f("ck_scores_newest")),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_scores_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_scores")),
    )
    op.create_index(
        op.f("ix_scores_key_result_as_of_newest_good_record"),
        "scores",
        ["key_result", "as_of", "newest", "good", "record"],
        unique=False,
    )
    op.create_index(
        "ix_scores_newest",
        "scores",
        ["as_of", "key_result"],
        unique=True,
        sqlite_where=sa.text("newest = 1"),
        postgresql_where=sa.text("newest = 1"),
    )


def _check_ins() -> None:
    op.create_table(
        "check_ins",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("key_result", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record"], ["ledger_records.seq"], name=op.f("fk_check_ins_record_ledger_records")
        ),
        sa.PrimaryKeyConstraint("record", name=op.f("pk_check_ins")),
    )
    op.create_index(
        op.f("ix_check_ins_key_result_day_record"),
        "check_ins",
        ["key_result", "day", "record"],
        unique=False,
    )
