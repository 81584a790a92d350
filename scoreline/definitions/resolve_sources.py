"""From a source file as written to the source and streams of the plan.

What belongs here: the rules between a stream's keys and columns. What does not: shapes
and words (specs_sources), what a connector's options mean, running a check.
"""

from __future__ import annotations

from scoreline.core.model import (
    Column,
    ColumnType,
    Expectation,
    SchemaContract,
    Source,
    Stream,
)
from scoreline.definitions.documents import plain
from scoreline.definitions.findings import Entry
from scoreline.definitions.resolve_retention import resolve_retention
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_sources import ColumnSpec, SourceHead, StreamSpec
from scoreline.definitions.words import EPOCHS

RESERVED = frozenset(("models", "main", "temp", "system", "information_schema", "pg_catalog"))


def resolve_source(entry: Entry, spec: SourceHead, streams: tuple[Stream, ...]) -> Source | None:
    """The source with the streams that are whole, or None with its errors reported."""
    if spec.source.lower() in RESERVED:
        entry.error("bad-name", f"{spec.source} is a reserved name", "source", legal="another name")
    if not entry.ok:
        return None
    return Source(
        name=spec.source,
        connector=spec.connector,
        streams=streams,
        options=spec.options,
        schedule=spec.schedule,
        owner=spec.owner,
        description=spec.description or "",
        place=entry.at("source"),
    )


def resolve_stream(entry: Entry, source: str, name: str, spec: StreamSpec) -> Stream | None:
    """The stream, or None with its errors reported."""
    columns = tuple(_column(entry, column, spec.columns[column]) for column in spec.columns)
    _check_columns(entry, columns)
    key = [spec.key] if isinstance(spec.key, str) else spec.key
    _check_references(entry, spec, key, {c.name: c for c in columns})
    _check_loading(entry, spec, key)
    expect = tuple(_expectation(entry, index, spec) for index in range(len(spec.expect)))
    retention = resolve_retention(entry, spec.retention)
    if not entry.ok:
        return None
    contract = spec.schema_contract
    return Stream(
        name=name,
        source=source,
        columns=columns,
        key=tuple(key),
        load=spec.load,
        options=spec.options,
        history=spec.history,
        version_by=spec.version_by,
        event_time=spec.event_time,
        cursor=spec.cursor,
        fresh_within=spec.fresh_within,
        fresh_by=spec.fresh_by,
        schema_contract=SchemaContract(
            contract.new_column,
            contract.missing_column,
            contract.type_change,
            contract.shrink_below,
        ),
        expect=expect,
        retention=retention,
        description=spec.description or "",
        place=entry.place,
    )


def _column(entry: Entry, name: str, spec: ColumnType | ColumnSpec) -> Column:
    place = entry.document.place((*entry.path, "columns", name), key=True)
    if isinstance(spec, ColumnType):
        return Column(name, spec, place=place)
    formats = (spec.format,) if isinstance(spec.format, str) else tuple(spec.format)
    _check_times(entry, name, spec, formats)
    _check_marks(entry, name, spec)
    if spec.one_of and spec.type.kind in ("json", "timestamp"):
        message = f"one_of is not possible on a {spec.type} column"
        entry.error("not-applicable", message, "columns", name, "one_of", on_key=True)
    return Column(
        name=name,
        type=spec.type,
        header=spec.header,
        position=spec.position,
        formats=formats,
        timezone=spec.timezone,
        ambiguous=spec.ambiguous,
        one_of=tuple(spec.one_of),
        null_values=tuple(spec.null_values),
        personal=spec.personal,
        on_error=spec.on_error,
        decimal_mark=spec.decimal,
        thousands_mark=spec.thousands,
        description=spec.description or "",
        place=place,
    )


def _check_times(entry: Entry, name: str, spec: ColumnSpec, formats: tuple[str, ...]) -> None:
    at = ("columns", name)
    is_time = spec.type.kind == "timestamp"
    if formats and spec.type.kind not in ("date", "timestamp"):
        message = f"a format is not possible on a {spec.type} column"
        legal = "on date and timestamp columns"
        entry.error("not-applicable", message, *at, "format", legal=legal, on_key=True)
    for word in ("timezone", "ambiguous"):
        if getattr(spec, word) is not None and not is_time:
            message = f"{word} is not possible on a {spec.type} column"
            legal = "on timestamp columns"
            entry.error("not-applicable", message, *at, word, legal=legal, on_key=True)
    if is_time and spec.ambiguous and spec.timezone is None:
        message = "ambiguous says nothing without a timezone"
        entry.error("not-applicable", message, *at, "ambiguous", legal="timezone", on_key=True)
    naive = [f for f in formats if f not in EPOCHS and "%z" not in f and "%Z" not in f]
    if is_time and naive and spec.timezone is None:
        message = f"the format of {name} reads local times, and no timezone says whose"
        legal = "timezone: Europe/Berlin (or whichever the source writes), or %z in the format"
        entry.error("missing-timezone", message, *at, "format", legal=legal)


def _check_marks(entry: Entry, name: str, spec: ColumnSpec) -> None:
    at = ("columns", name)
    kinds = {"decimal": ("decimal",), "thousands": ("decimal", "integer")}
    for word, possible in kinds.items():
        if word in spec.model_fields_set and spec.type.kind not in possible:
            message = f"{word} is not possible on a {spec.type} column"
            legal = f"on {' and '.join(possible)} columns"
            entry.error("not-applicable", message, *at, word, legal=legal, on_key=True)
    if spec.thousands == spec.decimal and spec.type.kind in kinds["decimal"]:
        message = "decimal and thousands are the same mark: 1.234 could be either number"
        legal = "decimal: ',' with thousands: '.', or thousands alone for another mark"
        entry.error("same-mark", message, *at, "thousands", found=spec.decimal, legal=legal)


def _check_columns(entry: Entry, columns: tuple[Column, ...]) -> None:
    seen: dict[tuple[str, object], str] = {}
    for column in columns:
        marks: list[tuple[str, object]] = [("name", column.name.lower())]
        if column.position is not None:
            marks.append(("position", column.position))
        elif column.header is not None:
            marks.append(("header", column.header))
        for mark in marks:
            first = seen.setdefault(mark, column.name)
            if first != column.name:
                message = f"the columns {first} and {column.name} have the same {mark[0]}"
                at = ("columns", column.name, *([] if mark[0] == "name" else [mark[0]]))
                entry.error("duplicate-column", message, *at, legal="one column each")


def _check_references(
    entry: Entry, spec: StreamSpec, key: list[str], columns: dict[str, Column]
) -> None:
    is_list = isinstance(spec.key, list)
    uses = [("key", n, ("key", i) if is_list else ("key",)) for i, n in enumerate(key)]
    for word in ("version_by", "event_time", "cursor"):
        name = getattr(spec, word)
        uses += [(word, name, (word,))] if name is not None else []
    for word, name, at in uses:
        column = columns.get(name)
        if column is None:
            message = f"{word} names a column that the stream does not declare"
            hint = nearest(name, columns)
            entry.error("unknown-column", message, *at, legal=listed(columns), hint=hint)
        elif column.personal == "drop":
            message = f"{word} names the column {name}, which is dropped before it is written"
            legal = "personal: pseudonym, or another column"
            entry.error("dropped-column", message, *at, legal=legal)
        elif word == "event_time" and column.type.kind not in ("date", "timestamp"):
            times = [n for n, c in columns.items() if c.type.kind in ("date", "timestamp")]
            message = f"event_time must be a date or timestamp, {name} is {column.type}"
            entry.error("wrong-type", message, *at, legal=listed(times) or "a timestamp column")
    if len(set(key)) < len(key):
        entry.error("duplicate-column", "the key names a column twice", "key", legal="each once")


def _check_loading(entry: Entry, spec: StreamSpec, key: list[str]) -> None:
    if spec.load in ("append", "merge") and not key:
        at = ("load",) if "load" in spec.model_fields_set else ()
        message = f"load: {spec.load} needs a key"
        hint = "a key tells a repeated row from a new one; without one only replace is safe"
        entry.error("missing-key", message, *at, found=spec.load, legal="key: […]", hint=hint)
    if spec.history and spec.load == "append":
        message = "history is kept on merge and replace; append changes no row"
        entry.error("not-applicable", message, "history", legal="load: merge or replace")
    elif spec.history and not key:
        entry.error("missing-key", "history needs a key", "history", legal="key: […]")
    if spec.version_by and spec.load == "append":
        message = "version_by chooses among versions of a key; append keeps the first"
        entry.error("not-applicable", message, "version_by", legal="load: merge")
    if spec.cursor and spec.load == "replace":
        message = "a cursor reads what is new; replace would take that for the whole stream"
        entry.error("not-applicable", message, "cursor", legal="load: merge, or no cursor")
    if spec.fresh_within and spec.fresh_by == "event" and spec.event_time is None:
        message = "fresh_within goes by the newest event, and the stream has no event_time"
        legal = "event_time: COLUMN, or fresh_by: extract"
        entry.error("missing-key", message, "fresh_within", legal=legal)


def _expectation(entry: Entry, index: int, spec: StreamSpec) -> Expectation:
    written = spec.expect[index]
    arguments = {k: plain(v) for k, v in (written.model_extra or {}).items()}
    column = arguments.get("column")
    if isinstance(column, str) and column not in spec.columns:
        message = "the expectation names a column that the stream does not declare"
        hint = nearest(column, spec.columns)
        at = ("expect", index, "column")
        entry.error("unknown-column", message, *at, legal=listed(spec.columns), hint=hint)
    return Expectation(written.type, arguments, written.on_failure, entry.at("expect", index))
