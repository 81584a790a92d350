"""What a stream would lose without some of its batches.

What belongs here: questions to a stream's table and to the files that would be left. What
does not: which batches are old enough, and what key results need (steps).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Stream
from scoreline.warehouse.database import quote
from scoreline.warehouse.keys import differs, rows_table, same_key
from scoreline.warehouse.loading import incoming_rows


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the stream would lose with one batch.

    Attributes:
        seq: the batch, by its order of reception.
        rows: how many of the stream's rows would be gone.
        until: the newest day of those rows in each column with days.
        clashes: rows in whose place another version would come up again from a file that
            stays, though it lost against them.
    """

    seq: int
    rows: int
    until: dict[str, date]
    clashes: int


def leaving(
    connection: duckdb.DuckDBPyConnection,
    stream: Stream,
    seqs: Sequence[int],
    staying: Sequence[Path],
) -> list[Leaving]:
    """What the stream's table would lose without the batches of these numbers.

    A row that a file which stays holds too, with the same contents, is not lost.

    Args:
        connection: with the stream's table in step.
        stream: the stream.
        seqs: the batches that would go.
        staying: the files with the rows of all others.

    Raises:
        WarehouseError: a file cannot be read.
    """
    days = [c.name for c in stream.columns if _has_days(stream, c.name)]
    newest = "".join(f", max(CAST({quote(d)} AS DATE)) FILTER (NOT _stays)" for d in days)
    try:
        stays, clashes = _against_files(connection, stream, staying)
        query = (
            f"SELECT _seq, count_if(NOT _stays), count_if(_clashes){newest} FROM (SELECT t.*, "
            f"{stays} AS _stays, {clashes} AS _clashes FROM {rows_table(stream)} t "
            "WHERE _seq IN (SELECT unnest($1))) GROUP BY _seq ORDER BY _seq"
        )
        rows = connection.execute(query, [list(seqs)]).fetchall()
    except duckdb.Error as error:
        raise WarehouseError(f"{stream.full_name}: stored rows cannot be read: {error}") from error
    return [
        Leaving(int(r[0]), int(r[1]), {d: v for d, v in zip(days, r[3:], strict=True) if v}, r[2])
        for r in rows
    ]


def _has_days(stream: Stream, name: str) -> bool:
    column = stream.column(name)
    return (
        column is not None
        and column.type.kind in ("date", "timestamp")
        and (column.personal != "drop")
    )


def _against_files(
    connection: duckdb.DuckDBPyConnection, stream: Stream, staying: Sequence[Path]
) -> tuple[str, str]:
    """The conditions that a row `t` stays, and that another version of it comes up."""
    if not staying or not stream.key:
        return "false", "false"
    others = f"({incoming_rows(connection, stream, list(staying), 0)})"
    same, other = same_key(stream, "f", "t"), differs(stream, "f", "t")
    return (
        f"EXISTS (SELECT 1 FROM {others} f WHERE {same})",
        f"EXISTS (SELECT 1 FROM {others} f WHERE {same} AND ({other}))",
    )
