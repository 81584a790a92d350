"""The warehouse: stream tables in DuckDB, made from the stored files and makeable again.

What belongs here: opening the database, keeping its tables in step with the contracts,
loading batches, and questions about streams. What does not: which batches are due, and
metrics (measuring).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from scoreline.core.errors import ExpressionError, WarehouseError
from scoreline.core.model import Model, Stream
from scoreline.core.records import Batch
from scoreline.measures.allowlist import check_model, sql_text
from scoreline.measures.conditions import relation_sql
from scoreline.measures.parts import Part
from scoreline.warehouse import in_place, keeping, loading
from scoreline.warehouse.database import connect, literal, quote, transaction
from scoreline.warehouse.keys import Loaded, rows_table, shape

# Finding an instant's local day is dear, so it is done for the first and the last instant of
# each quarter of an hour. A clock changes at most once within one: where both are on the same
# day all between them are, and the few others are looked at one by one.
_EVENT_DAYS = """
WITH quarters AS MATERIALIZED (
  SELECT epoch_us({instant}) // 900000000 AS quarter, min({instant}) AS low,
    max({instant}) AS high
  FROM {rows} WHERE {instant} IS NOT NULL GROUP BY ALL
),
split AS (
  SELECT quarter FROM quarters WHERE CAST(low AS DATE) <> CAST(high AS DATE)
),
parts AS (
  SELECT CAST(low AS DATE) AS day, low, high FROM quarters
  WHERE CAST(low AS DATE) = CAST(high AS DATE)
  UNION ALL
  SELECT CAST({instant} AS DATE), min({instant}), max({instant}) FROM {rows}
  WHERE epoch_us({instant}) // 900000000 IN (SELECT quarter FROM split) GROUP BY ALL
),
days AS (SELECT day, min(low) AS low, max(high) AS high FROM parts GROUP BY day)
SELECT day, low, high FROM days
"""
_READ = "_rows_read"
_WIDEST = ("min(low) AS low", "max(high) AS high")


class Warehouse:
    """One process's hold on a project's DuckDB file; use it under the project's lock."""

    def __init__(
        self,
        path: Path | None,
        timezone: str,
        temp: Path,
        in_place_from: int = 100_000,
        keep_from: int | None = None,
    ) -> None:
        """Opens (and makes) the file; None keeps everything in memory.

        `in_place_from` is the least number of rows of a file that `append` does not copy,
        `keep_from` that of a stream whose groups are kept between runs; None keeps none.

        Raises:
            WarehouseError: it cannot be opened.
        """
        self.connection = connect(path, timezone, temp)
        self._path, self._in_place_from, self._keep_from = path, in_place_from, keep_from
        for statement in (
            "CREATE TABLE IF NOT EXISTS _loaded (seq BIGINT, token VARCHAR, stream VARCHAR)",
            "CREATE TABLE IF NOT EXISTS _streams (stream VARCHAR, contract VARCHAR)",
            in_place.TABLE,
            keeping.TABLE,
        ):
            self.connection.execute(statement)

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- tables ------------------------------------------------------------------------

    def prepare(self, streams: Iterable[Stream]) -> list[str]:
        """Make every stream's table fit its contract.

        Returns:
            The full names of the streams whose table had to be emptied because the
            contract changed; their batches are to be loaded again.
        """
        known = dict(self.connection.execute("SELECT stream, contract FROM _streams").fetchall())
        emptied = []
        for stream in streams:
            wanted = shape(stream)
            if known.get(stream.full_name) == wanted:
                continue
            with transaction(self.connection):
                self._forget(stream)
                loading.create(self.connection, stream)
                self.connection.execute(
                    "INSERT INTO _streams VALUES ($1, $2)", [stream.full_name, wanted]
                )
            if stream.full_name in known:
                emptied.append(stream.full_name)
        return emptied

    def reset(self, stream: Stream) -> None:
        """Empty a stream: its batches are to be loaded again."""
        with transaction(self.connection):
            self._forget(stream)
            loading.create(self.connection, stream)
            self.connection.execute(
                "INSERT INTO _streams VALUES ($1, $2)", [stream.full_name, shape(stream)]
            )

    def _forget(self, stream: Stream) -> None:
        name = stream.full_name
        loading.drop(self.connection, stream.source, stream.name)
        keeping.forget(self.connection, name)
        self.connection.execute("DELETE FROM _loaded WHERE stream = $1", [name])
        self.connection.execute("DELETE FROM _streams WHERE stream = $1", [name])

    def create_model(self, model: Model) -> dict[str, str]:
        """Make a model's view from the checked tree of its SQL, never from the text.

        Returns:
            Its columns with their DuckDB types.

        Raises:
            WarehouseError: the allow-list or DuckDB refuses its SQL; the text says why.
        """
        self.connection.execute('CREATE SCHEMA IF NOT EXISTS "models"')
        name = f'"models".{quote(model.name)}'
        try:
            query = sql_text(check_model(model.sql, model.reads))
            self.connection.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
            rows = self.connection.execute(f"DESCRIBE {name}").fetchall()
        except (duckdb.Error, ExpressionError) as error:
            raise WarehouseError(f"model {model.name}: {error}") from error
        return {str(r[0]): str(r[1]) for r in rows}

    # --- loading -----------------------------------------------------------------------

    def loaded(self, stream: str) -> list[str]:
        """The tokens of the stream's loaded batches, in the order of loading."""
        rows = self.connection.execute(
            "SELECT token FROM _loaded WHERE stream = $1 ORDER BY seq", [stream]
        ).fetchall()
        return [str(r[0]) for r in rows]

    def keeps(self, stream: Stream) -> bool:
        """Whether groups of the stream's rows are kept between runs."""
        return keeping.fits(self.connection, stream, self._keep_from)

    def keep_only(self, statements: Collection[str]) -> None:
        """Let go of groups that are kept for other statements than these."""
        keeping.forget_others(self.connection, statements)

    def in_place(self, stream: str) -> list[Path]:
        """The files that the stream's rows are read from where they lie."""
        return in_place.files(self.connection, stream)

    def load(
        self,
        stream: Stream,
        batch: Batch,
        token: str,
        files: Sequence[Path],
        refused: Path,
        note: Callable[[Loaded], None],
    ) -> Loaded:
        """Join a batch to its stream, and note it as `token`, in one transaction.

        `refused` gets the rows that `append` refuses, if there are any. `note` is called
        before the commit, so that what it records is never missing for a loaded batch.

        Raises:
            WarehouseError: DuckDB cannot read or join the files.
        """
        try:
            with transaction(self.connection):
                done = loading.load(
                    self.connection,
                    stream,
                    list(files),
                    batch.seq,
                    batch.received_at,
                    refused,
                    self._in_place_from,
                )
                self.connection.execute(
                    "INSERT INTO _loaded VALUES ($1, $2, $3)",
                    [batch.seq, token, stream.full_name],
                )
                note(done)
        except duckdb.Error as error:
            raise WarehouseError(
                f"batch {batch.id} of {stream.full_name} ({batch.object}) cannot be loaded: "
                f"{_in_short(error)}"
            ) from error
        return done

    # --- questions ---------------------------------------------------------------------

    def rows(self, stream: Stream) -> int:
        """How many rows the stream has."""
        if stream.load == "append":
            return in_place.count(self.connection, stream)
        return int(self._all(f"SELECT count(*) FROM {rows_table(stream)}")[0][0])

    def event_days(self, stream: Stream) -> str:
        """For each local day with events, `day,earliest,newest` (UTC instants), a line each."""
        if stream.event_time is None:
            return ""
        instant = f"CAST({quote(stream.event_time)} AS TIMESTAMPTZ)"
        written = "strftime(timezone('UTC', {0}), '%Y-%m-%dT%H:%M:%S.%fZ')"
        line = (
            "strftime(day, '%Y-%m-%d') || ',' || "
            f"{written.format('low')} || ',' || {written.format('high')}"
        )
        days = f"({_EVENT_DAYS.format(instant=instant, rows=rows_table(stream))})"
        if self.keeps(stream):
            query = _EVENT_DAYS.format(instant=instant, rows=_READ)
            days = self._kept(stream, Part("_days", _READ, query, ("day",), _WIDEST, query))
        rows = self._all(f"SELECT string_agg({line}, chr(10) ORDER BY day) FROM {days}")
        return str(rows[0][0] or "")

    def digest(self, stream: Stream) -> tuple[int, str]:
        """Row count and order-free digest of the stream's contents (with its versions, if kept)."""
        view = f"{quote(stream.source)}.{quote(stream.name)}"
        rows, mark = loading.table_digest(self.connection, view)
        if stream.history:
            versions = f"{quote(stream.source)}.{quote(stream.name + '__history')}"
            mark = f"{mark}+{loading.table_digest(self.connection, versions)[1]}"
        return rows, mark

    def dimension_values(self, read: Stream | Model, column: str, limit: int = 1000) -> list[str]:
        """The distinct values of a column of a stream or model, as text, at most `limit`."""
        text = f"SELECT DISTINCT CAST({quote(column)} AS VARCHAR) AS v FROM"
        values = f"({text} {relation_sql(read.full_name)} WHERE v IS NOT NULL)"
        if isinstance(read, Stream) and self.keeps(read):
            query = f"{text} {_READ} WHERE v IS NOT NULL"
            values = self._kept(read, Part(f"_values of {column}", _READ, query, ("v",), (), query))
        rows = self._all(f"SELECT v FROM {values} ORDER BY v LIMIT {limit}")
        return [str(r[0]) for r in rows]

    def _kept(self, stream: Stream, part: Part) -> str:
        """The SQL name of a part of the stream, brought to what is loaded."""
        keeping.bring(self.connection, stream, part)
        return quote(part.name)

    def checkpoint_if_large(self) -> None:
        """Fold DuckDB's log into its file where it is of 8 MiB or more.

        Every opening reads the log again, which takes as long as folding it in once.
        """
        log = self._path.with_name(self._path.name + ".wal") if self._path else None
        if log is not None and log.exists() and log.stat().st_size > 8 * 1024 * 1024:
            self.connection.execute("CHECKPOINT")

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


def _in_short(error: duckdb.Error) -> str:
    """DuckDB's words without the excerpt of SQL below them, and what to do where that is known."""
    words = " ".join(str(error).split("\n\nLINE ")[0].split())
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        words += "; a row (one released from quarantine, say) does not fit the contract's type: "
        words += "declare a type that holds it"
    return words


def rows_in(path: Path, where: str = "true") -> int:
    """How many rows a Parquet file has."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            f"SELECT count(*) FROM read_parquet({literal(str(path))}) WHERE {where}"
        ).fetchall()
    return int(found[0][0])
