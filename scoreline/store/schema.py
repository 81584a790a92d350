"""The tables of the control store, as SQLAlchemy metadata.

What belongs here: tables, constraints, indexes, the newest schema version. What does not:
queries, and how an older store is brought up to date (migrating, migrations/versions).

Three sorts of tables:

- **ledger** (`ledger_records`, `ledger_blocks`): canonical bytes and their hashes. A record
  is never changed; sealing gives it its block and position.
- **by reference** (`definitions`, `series_values`, `baselines`, `scores`, `check_ins`,
  `cycles`, `restatements`): their key *is* a ledger record, whose body holds the content;
  columns repeat only what is searched for. `newest` marks the one row in force of each subject.
- **guarded** (the others): rows that also hold what no record says (clock, run, state).
  Each carries a digest of itself and is counted in `row_tallies` (see guarded).

Truth values are whole numbers 0 and 1, instants and days are ISO 8601 text, so that every
database keeps, orders and returns the same.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

HEAD = "0004"
"""The schema version that this release writes: Alembic's newest revision."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _flag(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _is_flag(name: str) -> CheckConstraint:
    return CheckConstraint(f"{name} IN (0, 1)", name=name)


def _record_key() -> Column[int]:
    return Column("record", ForeignKey("ledger_records.seq"), primary_key=True)


def in_force(table: Table) -> ColumnElement[bool]:
    """The rows that nothing newer replaces; a literal, so that the partial index serves."""
    return table.c.newest == literal_column("1")


def _newest(table: Table, *columns: str) -> None:
    """One row at most of each subject is the newest; and that is how it is found.

    The migrations say the same to PostgreSQL; said here, it would import that dialect at
    every start.
    """
    Index(
        f"ix_{table.name}_newest",
        *(table.c[name] for name in columns),
        unique=True,
        sqlite_where=in_force(table),
    )


# --- the ledger ------------------------------------------------------------------------

ledger_blocks = Table(
    "ledger_blocks",
    metadata,
    Column("height", Integer, primary_key=True, autoincrement=False),
    Column("prev", Text),
    _text("root"),
    _count("count"),
    Column("run", Text),
    _text("recorded_at"),
    _text("digest"),
    Column("signature", Text),
    Column("key_id", Text),
    Column("copied_to", Text),
    _text("row_digest"),
    UniqueConstraint("digest"),
    CheckConstraint("count > 0", name="count"),
)

ledger_records = Table(
    "ledger_records",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("block", ForeignKey("ledger_blocks.height")),
    Column("position", Integer),
    _text("kind"),
    _text("subject"),
    _text("digest"),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("block", "position"),
    CheckConstraint("(block IS NULL) = (position IS NULL)", name="sealed"),
    Index(None, "digest"),
    Index(None, "kind", "subject"),
)

# --- guarded: runs, landing, the gate, loading --------------------------------------------

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    _text("kind"),
    Column("as_of", Text),
    _text("version"),
    _text("started_at"),
    Column("ended_at", Text),
    Column("outcome", Text),
    Column("summary", LargeBinary),
    _text("row_digest"),
    CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
)

seen_objects = Table(
    "seen_objects",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    _text("digest"),
    _text("signature"),
    _text("row_digest"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Text, primary_key=True),
    _count("seq"),
    Column("record", ForeignKey("ledger_records.seq"), nullable=False),
    Column("checks", ForeignKey("ledger_records.seq")),
    Column("load", ForeignKey("ledger_records.seq")),
    _text("stream"),
    _text("object"),
    _text("object_digest"),
    _text("contract"),
    _text("signature"),
    _text("received_at"),
    _text("run"),
    _text("state"),
    Column("reason", Text),
    _flag("released"),
    Column("kept", LargeBinary),
    _count("rows_kept"),
    _count("rows_quarantined"),
    _flag("has_cursor"),
    _text("row_digest"),
    UniqueConstraint("seq"),
    UniqueConstraint("record"),
    CheckConstraint("state IN ('landed', 'passed', 'blocked', 'loaded', 'rejected')", name="state"),
    CheckConstraint("rows_kept >= 0 AND rows_quarantined >= 0", name="rows"),
    _is_flag("released"),
    _is_flag("has_cursor"),
    Index(None, "stream", "seq"),
    Index(None, "state"),
)

quarantines = Table(
    "quarantines",
    metadata,
    Column("id", Text, primary_key=True),
    Column("batch", ForeignKey("batches.id"), nullable=False),
    _text("stream"),
    _text("check"),
    _text("reason"),
    _count("rows"),
    Column("file", LargeBinary, nullable=False),
    _flag("releasable"),
    _text("state"),
    _text("row_digest"),
    CheckConstraint("state IN ('held', 'released', 'rejected')", name="state"),
    CheckConstraint("rows >= 0", name="rows"),
    _is_flag("releasable"),
    Index(None, "batch"),
    Index(None, "stream", "state"),
)

stream_states = Table(
    "stream_states",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("record", ForeignKey("ledger_records.seq"), nullable=False),
    Column("batches", LargeBinary, nullable=False),
    Column("events", LargeBinary, nullable=False),
    _text("coding"),
    _text("loaded_at"),
    _text("row_digest"),
    CheckConstraint("coding IN ('text', 'zlib')", name="coding"),
)

stream_versions = Table(
    "stream_versions",
    metadata,
    _record_key(),
    _text("stream"),
    Column("batches", LargeBinary, nullable=False),
    _text("coding"),
    Column("events", LargeBinary, nullable=False),
    _text("row_digest"),
    CheckConstraint("coding IN ('text', 'zlib')", name="coding"),
    Index(None, "stream", "record"),
)

extractions = Table(
    "extractions",
    metadata,
    Column("stream", Text, primary_key=True),
    _text("at"),
    _text("row_digest"),
)

load_failures = Table(
    "load_failures",
    metadata,
    Column("stream", Text, primary_key=True),
    _text("reason"),
    _text("at"),
    _text("row_digest"),
)

dimension_values = Table(
    "dimension_values",
    metadata,
    Column("relation", Text, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    _text("row_digest"),
)

# --- guarded: messages, and who may look ---------------------------------------------------

told = Table(
    "told",
    metadata,
    Column("subject", Text, primary_key=True),
    _text("state"),
    _text("at"),
    _text("row_digest"),
)

messages = Table(
    "messages",
    metadata,
    Column("key", Text, primary_key=True),
    _text("recipient"),
    _text("event"),
    Column("address", Text),
    _text("title"),
    _text("body"),
    _text("format"),
    _text("state"),
    _count("attempts"),
    Column("error", Text),
    _text("created_at"),
    _text("changed_at"),
    _text("row_digest"),
    CheckConstraint("state IN ('pending', 'sending', 'sent', 'unsure')", name="state"),
    Index(None, "state", "created_at"),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    _text("roles"),
    _text("password"),
    _text("created_at"),
    _text("changed_at"),
    _text("row_digest"),
)

looks = Table(
    "looks",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("at"),
    _text("who"),
    _text("what"),
    _text("subject"),
    _text("detail"),
    _text("row_digest"),
    Index(None, "subject", "seq"),
)

row_tallies = Table(
    "row_tallies",
    metadata,
    Column("table_name", Text, primary_key=True),
    _count("rows"),
    _text("total"),
)

# --- by reference: what a run measured and scored, what people said --------------------------

definitions = Table(
    "definitions",
    metadata,
    _record_key(),
    _text("name"),
    _text("digest"),
    Column("sql_digest", Text),
    _flag("newest"),
    _is_flag("newest"),
    Index(None, "name", "record"),
)

series_values = Table(
    "series_values",
    metadata,
    _record_key(),
    _text("request"),
    _text("input_digest"),
    _text("series_digest"),
    _flag("newest"),
    _text("coding"),
    _text("stored_digest"),
    Column("series", LargeBinary, nullable=False),
    _is_flag("newest"),
    CheckConstraint("coding IN ('text', 'zlib')", name="coding"),
    Index(None, "request", "record"),
)

baselines = Table(
    "baselines",
    metadata,
    _record_key(),
    _text("key_result"),
    _text("day"),
    _flag("newest"),
    _is_flag("newest"),
    Index(None, "key_result", "record"),
)

scores = Table(
    "scores",
    metadata,
    _record_key(),
    _text("key_result"),
    _text("as_of"),
    _text("status"),
    _flag("good"),
    Column("replaces", Text),
    _flag("newest"),
    _is_flag("good"),
    _is_flag("newest"),
    Index(None, "key_result", "as_of", "newest", "good", "record"),
)

check_ins = Table(
    "check_ins",
    metadata,
    _record_key(),
    _text("key_result"),
    _text("day"),
    Index(None, "key_result", "day", "record"),
)

cycles = Table(
    "cycles",
    metadata,
    _record_key(),
    _text("cycle"),
    _text("state"),
    _flag("newest"),
    _is_flag("newest"),
    CheckConstraint("state IN ('closed', 'reopened')", name="state"),
    Index(None, "cycle", "record"),
)

restatements = Table(
    "restatements",
    metadata,
    _record_key(),
    _text("key_result"),
    _flag("newest"),
    _is_flag("newest"),
    Index(None, "key_result", "record"),
)

_newest(definitions, "name")
_newest(series_values, "request")
_newest(baselines, "key_result")
_newest(scores, "as_of", "key_result")
_newest(cycles, "cycle")
_newest(restatements, "key_result")

GUARDED = (
    ledger_blocks,
    runs,
    seen_objects,
    batches,
    quarantines,
    stream_states,
    stream_versions,
    extractions,
    load_failures,
    dimension_values,
    told,
    messages,
    users,
    looks,
)
"""The tables whose rows carry a digest of themselves and are counted in `row_tallies`."""
