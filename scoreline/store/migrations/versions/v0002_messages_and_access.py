"""Version 0002: what was told to whom, users with passwords, looks at rows.

Never changed once released: what comes later is a version of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TALLIED = ("told", "messages", "users", "looks")


def upgrade() -> None:
    """Make the tables, and their tallies."""
    _told()
    _messages()
    _users()
    _looks()
    table = sa.table("row_tallies", sa.column("table_name"), sa.column("rows"), sa.column("total"))
    rows = [{"table_name": name, "rows": 0, "total": "0" * 64} for name in TALLIED]
    op.bulk_insert(table, rows)


def _told() -> None:
    op.create_table(
        "told",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_told")),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'unsure')", name=op.f("ck_messages_state")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_messages")),
    )
    op.create_index(
        op.f("ix_messages_state_created_at"), "messages", ["state", "created_at"], unique=False
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )


def _looks() -> None:
    op.create_table(
        "looks",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_looks")),
    )
    op.create_index(op.f("ix_looks_subject_seq"), "looks", ["subject", "seq"], unique=False)
