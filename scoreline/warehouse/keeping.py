"""Groups of rows that are only ever added to, kept between runs.

What belongs here: of which batches a part's results are kept, bringing them to what is
loaded now, and letting go of them. What does not: what a part is (measures.parts), and which
statements there are (steps).

For each part `_kept` names the batches whose rows its table stands for: how many of those
that are loaded, from the first, and a digest of their tokens. Where these are the first of
what is loaded now and the part is the same, only the rows of later batches are looked at;
in every other case all rows are. A table changes together with its line in `_kept`, in one
transaction. When a stream is made again, everything kept of it goes in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Stream
from scoreline.measures.parts import Part
from scoreline.measures.series import Statement
from scoreline.warehouse import in_place
from scoreline.warehouse.database import ENGINE, quote, transaction
from scoreline.warehouse.keys import count_rows

TABLE = (
    "CREATE TABLE IF NOT EXISTS _kept (part VARCHAR, statement VARCHAR, stream VARCHAR, "
    "key VARCHAR, batches BIGINT, tokens VARCHAR, seq BIGINT, rows BIGINT, is_kept BOOLEAN)"
)

WORTH = 4
"""What is kept of a part has at most one row for so many of the stream."""

Batches = Sequence[tuple[int, str]]
"""The `seq` and token of each loaded batch, in the order of loading."""


@dataclass(frozen=True, slots=True)
class _Line:
    """What is known of a part: a table for the first `batches`, or that none is worth it.

    `rows` are those that the stream had when that was decided.
    """

    batches: int
    seq: int
    rows: int
    is_kept: bool


def fits(connection: duckdb.DuckDBPyConnection, stream: Stream, least: int | None) -> bool:
    """Whether groups of the stream's rows may be kept: they are many, and only added to.

    `least` is the number of rows from which they are many; never if it is None.
    """
    if least is None or stream.load != "append":
        return False
    return in_place.count(connection, stream) >= least


def bring(connection: duckdb.DuckDBPyConnection, stream: Stream, part: Part) -> None:
    """Have the relation of a part's name give its results for all rows of the stream.

    The part is one of the stream itself: it goes with the stream only.

    Raises:
        duckdb.Error: its query fails; what was kept is as before.
    """
    with transaction(connection):
        _Kept(connection, stream, stream.full_name, part, _loaded(connection, stream)).bring()


def run(
    connection: duckdb.DuckDBPyConnection, stream: Stream, statement: Statement
) -> dict[str, str]:
    """The series text of each of the statement's requests, through what is kept of its parts.

    The parameter tables are there (`measuring.prepare`).

    Raises:
        WarehouseError: DuckDB cannot compute it; what was kept is as before.
    """
    try:
        with transaction(connection):
            loaded = _loaded(connection, stream)
            _forget_parts(connection, statement)
            for part in statement.parts:
                _Kept(connection, stream, statement.name, part, loaded).bring()
        rows = connection.execute(statement.over_parts).fetchall()
    except duckdb.Error as error:
        raise WarehouseError(f"{statement.name}: {error}") from error
    return {str(request): str(text or "") for request, text in rows}


def forget(connection: duckdb.DuckDBPyConnection, stream: str) -> None:
    """Let go of all that is kept of a stream; inside a transaction."""
    _drop(connection, "stream = $1", [stream])


def forget_others(connection: duckdb.DuckDBPyConnection, statements: Collection[str]) -> None:
    """Let go of what is kept for statements that nobody asks for any more."""
    with transaction(connection):
        condition = "statement <> stream AND NOT list_contains($1::VARCHAR[], statement)"
        _drop(connection, condition, [list(statements)])


def _forget_parts(connection: duckdb.DuckDBPyConnection, statement: Statement) -> None:
    """Let go of parts that the statement has no longer."""
    names = [part.name for part in statement.parts]
    condition = "statement = $1 AND NOT list_contains($2::VARCHAR[], part)"
    _drop(connection, condition, [statement.name, names])


def _drop(
    connection: duckdb.DuckDBPyConnection, condition: str, values: Sequence[str | list[str]]
) -> None:
    found = connection.execute(
        f"SELECT statement, part FROM _kept WHERE is_kept AND {condition}", values
    ).fetchall()
    for statement, part in found:
        connection.execute(f"DROP TABLE {_table(statement, part)}")
    connection.execute(f"DELETE FROM _kept WHERE {condition}", values)


def _table(statement: str, part: str) -> str:
    return f'"_kept_parts".{quote(f"{statement} {part}")}'


def _loaded(connection: duckdb.DuckDBPyConnection, stream: Stream) -> Batches:
    return connection.execute(
        "SELECT seq, token FROM _loaded WHERE stream = $1 ORDER BY seq", [stream.full_name]
    ).fetchall()


class _Kept:
    """One part of a statement, or of a stream by itself, inside a transaction."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        stream: Stream,
        statement: str,
        part: Part,
        loaded: Batches,
    ) -> None:
        self._connection, self._stream = connection, stream
        self._statement, self._part, self._loaded = statement, part, loaded
        self._table = _table(statement, part.name)
        self._gathered = quote(f"{part.name}_of_all")

    def bring(self) -> None:
        """Have the relation of the part's name give its results for all rows."""
        known = self._known()
        if known is None:
            results = self._make()
        elif not known.is_kept:
            results = self._of_all()
        else:
            results = self._table
            if known.batches < len(self._loaded):
                self._add(known)
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {quote(self._part.name)} AS SELECT * FROM {results}"
        )

    @property
    def _relation(self) -> str:
        return f"{quote(self._stream.source)}.{quote(self._stream.name)}"

    @property
    def _last(self) -> int:
        return self._loaded[-1][0] if self._loaded else 0

    def _known(self) -> _Line | None:
        """What is known of this part, if it says something of what is loaded now."""
        rows = self._connection.execute(
            "SELECT key, batches, tokens, seq, rows, is_kept FROM _kept "
            "WHERE statement = $1 AND part = $2",
            [self._statement, self._part.name],
        ).fetchall()
        if not rows or rows[0][0] != self._key():
            return None
        line = _Line(*rows[0][1:2], *rows[0][3:])
        if not line.is_kept:
            # a stream that has doubled may have many more rows for each group
            return line if self._rows() < 2 * line.rows else None
        first = self._loaded[: line.batches]
        later = self._loaded[line.batches :]
        stands = len(first) == line.batches and rows[0][2] == _tokens(first)
        return line if stands and all(seq > line.seq for seq, _ in later) else None

    def _key(self) -> str:
        zone = self._connection.execute("SELECT current_setting('TimeZone')").fetchall()[0][0]
        return f"{self._part.key}/{zone}/{ENGINE}"

    def _of_all(self) -> str:
        """What gives the part's results for all rows: a query if it is wide, else a table."""
        if self._part.is_wide:
            self._read(self._relation)
            return f"({self._part.sql})"
        self._gather(self._relation, self._gathered)
        return self._gathered

    def _make(self) -> str:
        """Compute the part over all rows, and keep it if it is much less than those.

        Returns:
            What gives its results.
        """
        mine = [self._statement, self._part.name]
        _drop(self._connection, "statement = $1 AND part = $2", mine)
        rows, results = self._rows(), self._of_all()
        if count_rows(self._connection, results) * WORTH > rows:
            self._note(_Line(0, 0, rows, is_kept=False))
            return results
        self._connection.execute('CREATE SCHEMA IF NOT EXISTS "_kept_parts"')
        self._connection.execute(f"CREATE TABLE {self._table} AS SELECT * FROM {results}")
        self._connection.execute(f"DROP TABLE IF EXISTS {self._gathered}")
        self._note(_Line(len(self._loaded), self._last, rows, is_kept=True))
        return self._table

    def _rows(self) -> int:
        return in_place.count(self._connection, self._stream)

    def _add(self, known: _Line) -> None:
        """Put the results for later batches to those that are kept."""
        execute, part, table = self._connection.execute, self._part, self._table
        later = in_place.rows_after(self._connection, self._stream, known.seq)
        self._gather(f"({later})", "_new")
        same, both = ", ".join(part.same), ", ".join([*part.same, *part.merged])
        matched = " AND ".join(f"k.{c} = c.{c}" for c in part.same)
        columns = [c.rpartition(" ")[2] for c in part.merged]
        equal = " AND ".join(f"k.{c} IS NOT DISTINCT FROM c.{c}" for c in columns) or "true"
        execute(
            "CREATE OR REPLACE TEMP TABLE _met AS SELECT k.*, k.rowid AS place "
            f"FROM {table} AS k SEMI JOIN _new USING ({same})"
        )
        execute(
            f"CREATE OR REPLACE TEMP TABLE _changed AS SELECT {both} FROM "
            "(SELECT * FROM _new UNION ALL SELECT * EXCLUDE (place) FROM _met) GROUP BY ALL"
        )
        # what stays as it is is not written again
        execute(f"DELETE FROM _changed AS c USING _met AS k WHERE {matched} AND {equal}")
        gone = f"SELECT place FROM _met SEMI JOIN _changed USING ({same})"
        execute(f"DELETE FROM {table} WHERE rowid IN ({gone})")
        execute(f"INSERT INTO {table} SELECT * FROM _changed")
        execute("DROP TABLE _new; DROP TABLE _met; DROP TABLE _changed")
        self._note(_Line(len(self._loaded), self._last, known.rows, is_kept=True))

    def _gather(self, relation: str, name: str) -> None:
        """Compute the part over the rows of a relation, as a temporary table."""
        self._read(relation)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {self._part.sql}")

    def _read(self, relation: str) -> None:
        """Have the part's query read the rows of a relation."""
        self._connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {self._part.rows} AS SELECT * FROM {relation}"
        )

    def _note(self, line: _Line) -> None:
        values = [self._statement, self._part.name]
        self._connection.execute("DELETE FROM _kept WHERE statement = $1 AND part = $2", values)
        self._connection.execute(
            "INSERT INTO _kept VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                self._part.name,
                self._statement,
                self._stream.full_name,
                self._key(),
                line.batches,
                _tokens(self._loaded[: line.batches]),
                line.seq,
                line.rows,
                line.is_kept,
            ],
        )


def _tokens(batches: Batches) -> str:
    return sha256("\n".join(token for _, token in batches).encode()).hexdigest()
