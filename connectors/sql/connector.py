"""The `sql` kind: tables and queries of a database; each extraction is a batch.

What belongs here: putting database, window and copy together. What does not: any of them. The
database library is imported when a database is opened, so that listing kinds and checking
options stays quick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from connectors.base import Connector, Discovery, ObjectRef, Received, State, StreamSpec
from connectors.errors import PermanentError
from connectors.options import parse_options
from connectors.receipt import Origin
from connectors.sql.options import SqlSource, SqlStream

if TYPE_CHECKING:
    from connectors.batch import Batch
    from connectors.sql.copying import Copied
    from connectors.sql.database import Database, Session
    from connectors.sql.relation import Reading, Relation
    from connectors.sql.window import Position, Window

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SqlRef(ObjectRef):
    """An extraction that is due; `since` is what the last one left behind."""

    since: Position | None = None


class SqlConnector(Connector):
    """A database that SQLAlchemy has a dialect for: PostgreSQL, MySQL, MariaDB, SQLite, others."""

    kind = "sql"
    version = "1"
    about = "tables and queries of a database, by a SQLAlchemy URL; incremental by a cursor"
    SourceOptions = SqlSource
    StreamOptions = SqlStream

    @cached_property
    def database(self) -> Database:
        """The database; not connected.

        Raises:
            OptionError: its URL cannot be read.
        """
        from connectors.sql.database import Database

        return Database(cast(SqlSource, self.options), self.base)

    def check(self, spec: StreamSpec) -> None:
        """Connects, and asks for the columns of the table or query.

        Raises:
            ConnectorError: no connection, no such table or column, and what is there.
        """
        relation = self._relation(spec)[1]
        with self.database.snapshot(self._where(relation)) as session:
            self._read(session, relation, spec)

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Counts what there is to read; where the count says nothing, compares its contents.

        Raises:
            ConnectorError: the database cannot be read.
        """
        return self._with_times(spec, lambda session: self._look(session, spec, state))

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Reads one snapshot into a Parquet file in `work`, and opens the file.

        Raises:
            TransientError: the connection dropped, a deadlock, a timeout.
            PermanentError: rights, a table or column that is gone, rows that do not add up.
        """
        started = self.clock()
        since = ref.since if isinstance(ref, SqlRef) else None
        return self._with_times(spec, lambda s: self._copy(s, spec, since, work, started))

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens rows that were received before; the database is not asked.

        Raises:
            PermanentError: the file is damaged.
        """
        from connectors.digest import digest_of

        options, relation = self._relation(spec)
        received = Received(name, path, digest_of(path), self.clock())
        origin = self._origin(spec, options, relation, received)
        return self._open(spec, origin, path, signature="")

    def _relation(self, spec: StreamSpec) -> tuple[SqlStream, Relation]:
        from connectors.sql.relation import relation_of

        options = parse_options(SqlStream, spec.options)
        schema = cast(SqlSource, self.options).default_schema
        backend = self.database.url.get_backend_name()
        return options, relation_of(spec, options, schema, backend)

    def _where(self, relation: Relation) -> str:
        return f"{self.database.identity}, {relation.name}"

    def _with_times(self, spec: StreamSpec, work: Callable[[Session], Result]) -> Result:
        """Does the work; where a time is none that Python can hold, again with times as text."""
        from connectors.sql.kinds import UnreadableTimes

        where = self._where(self._relation(spec)[1])
        try:
            with self.database.snapshot(where) as session:
                return work(session)
        except UnreadableTimes:
            with self.database.snapshot(where, times_as_text=True) as session:
                return work(session)

    def _read(self, session: Session, relation: Relation, spec: StreamSpec) -> Reading:
        """The relation's columns; where it is not there, the error names what is."""
        from connectors.sql.failures import among, names_of_tables
        from connectors.sql.relation import reading_of

        try:
            found = session.columns(relation.nothing())
        except PermanentError:
            if relation.table is None:
                raise
            with self.database.snapshot(session.where) as again:
                with again.failures.named(session.where):
                    there = names_of_tables(again.connection, relation.schema)
                if relation.table in there:
                    raise
            schema = f" in schema {relation.schema}" if relation.schema else ""
            raise PermanentError(
                f"there is no table {relation.table!r}{schema}: {among(relation.table, there)}",
                where=session.where,
                do="Correct the option table, or let the account see it",
            ) from None
        return reading_of(relation, spec, found)

    def _look(self, session: Session, spec: StreamSpec, state: State) -> Discovery:
        from connectors.sql.window import Position, source_of, survey

        options, relation = self._relation(spec)
        reading = self._read(session, relation, spec)
        if reading.cursor is None:
            rows = session.number(reading.count())
            known = _known_as(state, relation.name, rows)
            if self._is_known(session, reading, None, options, known):
                return Discovery(unchanged=1)
            return Discovery(new=(SqlRef(relation.name, signature="", size=None),))
        since = Position.read(state.cursor, source_of(reading))
        window = survey(session, reading, since, options.overlap, self.clock())
        name = f"{relation.name}@{window.range}"
        known = _known_as(state, name, window.rows)
        if since is not None and since.rows == window.rows:
            known.add(since.digest)
        if since is not None and window.rows == 0:
            return Discovery(unchanged=1)
        if self._is_known(session, reading, window, options, known):
            return Discovery(unchanged=1)
        return Discovery(new=(SqlRef(name, signature="", size=None, since=since),))

    def _is_known(
        self,
        session: Session,
        reading: Reading,
        window: Window | None,
        options: SqlStream,
        known: set[str],
    ) -> bool:
        """Whether what would be read has a known digest; not read where none is possible."""
        from connectors.sql.copying import digest_rows

        return bool(known) and digest_rows(session, reading, window, options.batch_rows) in known

    def _copy(
        self,
        session: Session,
        spec: StreamSpec,
        since: Position | None,
        work: Path,
        started: datetime,
    ) -> Batch:
        from connectors.sql.copying import copy_rows
        from connectors.sql.window import survey

        options, relation = self._relation(spec)
        reading = self._read(session, relation, spec)
        window, name = None, relation.name
        if reading.cursor is None:
            expected = session.number(reading.count())
        else:
            window = survey(session, reading, since, options.overlap, started)
            name, expected = f"{relation.name}@{window.range}", window.rows
        copied = copy_rows(session, reading, window, options.batch_rows, expected, work)
        received = Received(name, copied.path, copied.digest, started)
        origin = self._origin(spec, options, relation, received, since)
        batch = self._open(spec, origin, copied.path, _signature(copied.rows, copied.content))
        _complete(batch, reading, window, copied, session.times_as_text)
        return batch

    def _origin(
        self,
        spec: StreamSpec,
        options: SqlStream,
        relation: Relation,
        received: Received,
        since: Position | None = None,
    ) -> Origin:
        chosen = options.model_dump(mode="json", exclude_none=True)
        parameters = {**chosen, "cursor": spec.cursor, "key": list(spec.key)}
        begun = since.as_dict() if since else None
        return self.origin(received, self._where(relation), parameters, begun)

    def _open(self, spec: StreamSpec, origin: Origin, path: Path, signature: str) -> Batch:
        from connectors.batch import Batch
        from connectors.receipt import Tally
        from connectors.sql.stored import open_stored

        tally = Tally()
        stored = open_stored(path, spec, tally, origin.source_identity)
        return Batch(
            origin,
            tally,
            stored.schema,
            stored.rows,
            raw_path=path,
            signature=signature,
            clock=self.clock,
            typed=True,
        )


def _signature(rows: int, content: str) -> str:
    return f"{rows} rows {content}"


def _known_as(state: State, name: str, rows: int) -> set[str]:
    """The digest of what was last seen under a name, where it had so many rows."""
    last, start = state.objects.get(name), _signature(rows, "")
    if last is None or not last.signature.startswith(start):
        return set()
    return {last.signature.removeprefix(start)}


def _complete(
    batch: Batch, reading: Reading, window: Window | None, copied: Copied, times_as_text: bool
) -> None:
    """Adds to the receipt what only the extraction knows."""
    from connectors.sql.window import Position, source_of

    tally = batch.tally
    tally.pages = copied.pages
    if reading.left_out:
        tally.warnings.append(f"not asked for: {', '.join(reading.left_out)}")
    if times_as_text:
        tally.warnings.append(
            "dates and times are delivered as text, as one of them is none (a zero date, infinity)"
        )
    if window is None or reading.cursor is None:
        return
    tally.cursor_to = Position(
        source_of(reading), window.mark, window.again + window.undated, copied.again
    ).as_dict()
    cursor = reading.cursor.name
    if window.undated:
        tally.warnings.append(
            f"{window.undated:,} rows have no {cursor}: they are read each time, and never "
            "advance the cursor"
        )
    if window.ahead and window.high is not None:
        tally.warnings.append(
            f"the highest {cursor} lies in the future ({window.high.text}): the cursor advances "
            "to the present only"
        )
