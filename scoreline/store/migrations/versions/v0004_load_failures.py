"""Version 0004: streams that could not be loaded, and why.

Never changed once released: what comes later is a version of its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TALLIED = ("load_failures",)


def upgrade() -> None:
    """Make the table, and its tally."""
    op.create_table(
        "load_failures",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_load_failures")),
    )
    table = sa.table("row_tallies", sa.column("table_name"), sa.column("rows"), sa.column("total"))
    rows = [{"table_name": name, "rows": 0, "total": "0" * 64} for name in TALLIED]
    op.bulk_insert(table, rows)
