"""A source that nobody declared yet: read, profiled, proposed, and tried on its own data.

What belongs here: the order of these steps for one object. What does not: each of them, and
finding out what kind of place the object is in (wiring).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scoreline.core.errors import ScorelineError, UsageError, WarehouseError
from scoreline.core.model import Column, ColumnType, Source, Stream
from scoreline.definitions.project import load_project
from scoreline.steps.ports import Extract, Extractor, ExtractorFactory, SourceFailure
from scoreline.warehouse.personal import Protection
from scoreline.warehouse.preview import reasons_by_column
from scoreline.warehouse.profiles import ColumnProfile
from scoreline.warehouse.profiling import Profiling
from scoreline.warehouse.typing import RowReader, TypedRows
from scoreline.workbench.columns import choose, propose_column, shared_reading
from scoreline.workbench.draft_text import source_text
from scoreline.workbench.naming import distinct_names, words
from scoreline.workbench.personal import treatment
from scoreline.workbench.proposals import ColumnProposal, SourceProposal, StreamProposal
from scoreline.workbench.streams import propose_stream

_ROUNDS = 4
_TRIAL = """\
organisation: Trial
timezone: {timezone}
cycles: {{trial: {{start: 2000-01-01, end: 2000-12-31}}}}
teams: {{trial: {{}}}}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows are: a connector with its options, and the stream's options.

    `notes` are what was guessed of the place and is to be looked at.
    """

    source: str
    stream: str
    connector: str
    options: Mapping[str, Any]
    stream_options: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal as text, with what its trial on the same data showed.

    `refused` rows of `rows` cannot be cut into cells; no other row is refused.
    """

    proposal: SourceProposal
    profiles: Mapping[str, ColumnProfile]
    text: str
    rows: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Raw:
    """A column as it is delivered for profiling, and where it stands in the source."""

    delivered: str
    header: str
    position: int | None = None


def draft_source(place: Place, extractors: ExtractorFactory, timezone: str) -> Draft:
    """A proposal that every row of the newest object of the place meets.

    Args:
        place: where the rows are.
        extractors: opens a source.
        timezone: of times that are written without one.

    Raises:
        ScorelineError: there is nothing to read, or it cannot be read.
    """
    try:
        proposal, profiles = _profiled(place, extractors, timezone)
        return _tried(proposal, profiles, place, extractors, timezone)
    except SourceFailure as failure:
        raise UsageError(str(failure)) from failure


def _profiled(
    place: Place, extractors: ExtractorFactory, timezone: str
) -> tuple[SourceProposal, dict[str, ColumnProfile]]:
    """The proposal before its trial; read a second time where headers do not tell columns apart."""
    with _profiling(place, extractors, ()) as (extract, table):
        raw = _raw_columns(extract, table)
        if raw is None:
            return _propose(place, table, _plain(table), timezone)
    with _profiling(place, extractors, raw) as (_, table):
        return _propose(place, table, raw, timezone)


def _plain(table: Profiling) -> list[_Raw]:
    return [_Raw(name, name) for name in table.names]


def _raw_columns(extract: Extract, table: Profiling) -> list[_Raw] | None:
    """The columns by their places, where headers are missing or repeated; else None."""
    header = [str(name).strip() for name in extract.receipt().get("header") or ()]
    if not header and extract.layout == "columns" and not table.names:
        header = ["" for _ in extract.extra_columns]
        return [_Raw(f"c{n}", "", n) for n in range(1, len(header) + 1)]
    repeated = {
        h for h in header if not h or [x.casefold() for x in header].count(h.casefold()) > 1
    }
    if not repeated:
        return None
    return [
        _Raw(f"c{n}", name, n if name in repeated else None)
        for n, name in enumerate(header, start=1)
    ]


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="scoreline-draft-") as folder:
        yield Path(folder)


@contextmanager
def _profiling(
    place: Place, extractors: ExtractorFactory, raw: Sequence[_Raw]
) -> Iterator[tuple[Extract, Profiling]]:
    """The newest object of the place, with these columns (none: all by their headers)."""
    columns = tuple(
        Column(r.delivered, ColumnType("text"), header=r.header or None, position=r.position)
        for r in raw
    )
    options = place.stream_options
    stream = Stream(place.stream, place.source, columns, (), "replace", options=options)
    source = Source(place.source, place.connector, (stream,), place.options)
    with _scratch() as folder:
        extract = _newest(extractors(source), stream, folder)
        with _read(extract, folder) as table:
            yield extract, table


def _read(extract: Extract, folder: Path) -> Profiling:
    """The rows in a scratch database; where the object is malformed, in the connector's words."""
    try:
        return Profiling(extract.reader(), extract.layout, folder)
    except WarehouseError as error:
        raise extract.failure() or error from error


def _newest(extractor: Extractor, stream: Stream, folder: Path) -> Extract:
    found = extractor.discover(stream, {}, frozenset(), None)
    if not found.new:
        raise UsageError("there is nothing to read there")
    return extractor.extract(stream, found.new[-1], folder)


def _propose(
    place: Place, table: Profiling, raw: Sequence[_Raw], timezone: str
) -> tuple[SourceProposal, dict[str, ColumnProfile]]:
    if not raw or not table.rows:
        raise UsageError("there are no rows: a proposal is made from data")
    names = distinct_names(r.header for r in raw)
    profiles = {name: table.column(r.delivered) for name, r in zip(names, raw, strict=True)}
    day_first = shared_reading(profiles.values())
    columns = [
        _column(name, r, profiles, timezone, day_first, place.connector)
        for name, r in zip(names, raw, strict=True)
    ]
    stream = propose_stream(
        place.stream, place.stream_options, columns, profiles, table.is_key, table.rows
    )
    notes = (
        f"A draft made from {table.rows:,} rows: every value was looked at, nothing is certain.",
        "Read it line by line, then delete these comments.",
        *place.notes,
    )
    proposal = SourceProposal(place.source, place.connector, place.options, stream, notes)
    return proposal, profiles


def _column(
    name: str,
    raw: _Raw,
    profiles: Mapping[str, ColumnProfile],
    timezone: str,
    day_first: bool | None,
    connector: str,
) -> ColumnProposal:
    profile = profiles[name]
    made = propose_column(name, profile, timezone, choose(profile.times, day_first))
    others = frozenset().union(*(words(other) for other in profiles if other != name))
    personal, why = treatment(name, profile, others)
    header = raw.header if raw.header and raw.header != name else None
    made = replace(made, header=header, position=raw.position, personal=personal)
    if why:
        made = replace(made, ask="; ".join(part for part in (why, made.ask) if part))
    if personal == "keep":
        return made
    return replace(made, one_of=(), seen="", ask=why, **_as_text(made))


def _as_text(column: ColumnProposal) -> dict[str, Any]:
    """What a column keeps where it is read as text; a null word stays one."""
    return {
        "type": "text", "format": (), "timezone": None, "ambiguous": None, "decimal": ".",
        "thousands": None,
    }  # fmt: skip


def _tried(
    proposal: SourceProposal,
    profiles: Mapping[str, ColumnProfile],
    place: Place,
    extractors: ExtractorFactory,
    timezone: str,
) -> Draft:
    """The proposal, mended until no row of its own data is refused for a cell."""
    for _ in range(_ROUNDS):
        stream = _loaded(proposal, timezone)
        with _scratch() as folder:
            rows, faulty = _trial(stream, place, extractors, timezone, folder)
        if not faulty:
            text = source_text(proposal)
            return Draft(proposal, profiles, text, rows.rows, rows.rows_broken)
        columns = tuple(_mended(c) if c.name in faulty else c for c in proposal.stream.columns)
        proposal = replace(proposal, stream=_without_lost(proposal.stream, columns))
    raise ScorelineError(
        f"no contract was found that {', '.join(faulty)} meets: declare it by hand"
    )


def _mended(column: ColumnProposal) -> ColumnProposal:
    """A column whose cells were refused: first its repeated hours, then its type gives way."""
    if column.kind == "timestamp" and column.timezone and column.ambiguous is None:
        ask = "some times fall into the hour that summer time repeats"
        return replace(column, ambiguous="earlier", ask="; ".join(filter(None, (column.ask, ask))))
    ask = f"not every value could be read as {column.type}: declared as text"
    return replace(column, **_as_text(column), ask=ask)


def _without_lost(stream: StreamProposal, columns: tuple[ColumnProposal, ...]) -> StreamProposal:
    """The stream, without uses of a column that its new type does not allow."""
    times = {c.name for c in columns if c.is_time}
    texts = {c.name for c in columns if c.kind == "text"}
    return replace(
        stream,
        columns=columns,
        event_time=stream.event_time if stream.event_time in times else None,
        version_by=stream.version_by if stream.version_by in times else None,
        expect=tuple(e for e in stream.expect if e["column"] not in texts or "min_value" not in e),
    )


def _loaded(proposal: SourceProposal, timezone: str) -> Stream:
    """The stream as the product reads its own text."""
    with _scratch() as folder:
        definitions = folder / "okr_defs"
        (definitions / "sources").mkdir(parents=True)
        trial = _TRIAL.format(timezone=timezone)
        (definitions / "organisation.yaml").write_text(trial, encoding="utf-8")
        file = definitions / "sources" / f"{proposal.name}.yaml"
        file.write_text(source_text(proposal), encoding="utf-8")
        loading = load_project(folder)
    if loading.plan is None or not loading.plan.streams:
        problems = "\n".join(str(p) for p in loading.problems)
        raise ScorelineError(f"the draft does not load, which is a mistake of ours:\n{problems}")
    return next(iter(loading.plan.streams.values()))


def _trial(
    stream: Stream, place: Place, extractors: ExtractorFactory, timezone: str, folder: Path
) -> tuple[TypedRows, frozenset[str]]:
    """What reading the newest object by the contract gives, and the columns that refuse rows."""
    source = Source(place.source, place.connector, (stream,), place.options)
    extract = _newest(extractors(source), stream, folder)
    reader = RowReader(timezone, folder)
    try:
        rows = reader.read(
            stream,
            extract.reader(),
            extract.layout,
            folder,
            Protection((b"trial",)),
            extract.ragged,
        )
    finally:
        reader.close()
    if rows.broken is None:
        return rows, frozenset()
    return rows, reasons_by_column(rows.broken, [c.name for c in stream.columns])
