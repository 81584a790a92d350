"""The data dictionary: what every source, model and metric is, and who uses it.

What belongs here: gathering it from the definitions alone, as plain values for pages. What
does not: pages (dictionary_pages), values and scores (the page). Nothing that could be secret
is gathered: of a source's options only those that name a place or a pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scoreline.core.model import Column, KeyResult, Metric, Model, Plan, Source, Stream
from scoreline.definitions.canonical import metrics_of, refs_of
from scoreline.definitions.metric_tests import MetricTest
from scoreline.measures.lineage import Lineage, Use
from scoreline.measures.requests import streams_read
from scoreline.measures.single import sql_of
from scoreline.quality.checks import checks_for
from scoreline.quality.model import CheckSpec
from scoreline.quality.wording import describe

_SHOWN_OPTIONS = ("root", "glob", "table", "query", "format", "encoding", "delimiter", "sheet")


@dataclass(frozen=True, slots=True)
class Link:
    """Something with a page of its own: `kind` and `name` find it, `text` is shown."""

    kind: str
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A check on a new batch in plain words, and what a failure does."""

    text: str
    on_failure: str
    type: str


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """A column of a contract; `facts` are what its declaration says beyond its type."""

    name: str
    type: str
    description: str
    facts: tuple[str, ...]
    personal: str
    used_by: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One page; what a kind does not have is empty.

    `reads` is what it is made from, `used_by` what is made from it, `facts` are pairs of a
    word and its value, `words` are further ones that a search finds.
    """

    kind: str
    name: str
    title: str
    description: str = ""
    owner: str = ""
    file: str = ""
    line: int = 0
    facts: tuple[tuple[str, str], ...] = ()
    reads: tuple[Link, ...] = ()
    used_by: tuple[Link, ...] = ()
    key: tuple[str, ...] = ()
    columns: tuple[ColumnEntry, ...] = ()
    checks: tuple[Check, ...] = ()
    sql: str = ""
    formula: str = ""
    lineage: tuple[Use, ...] = ()
    tests: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Every entry, by kind and name, in the order of the definitions."""

    organisation: str
    entries: Mapping[tuple[str, str], Entry]

    def of_kind(self, kind: str) -> list[Entry]:
        """The entries of a kind."""
        return [entry for (k, _), entry in self.entries.items() if k == kind]


def dictionary(plan: Plan, tests: Sequence[MetricTest] = ()) -> Dictionary:
    """The dictionary of a plan, without what is in error (`measures.prune`).

    Args:
        plan: the resolved definitions.
        tests: the metrics' own tests, which their pages list.
    """
    lineage, users = Lineage(plan), _Users(plan)
    entries: dict[tuple[str, str], Entry] = {}
    for name, metric in plan.metrics.items():
        own = tuple(_test(test) for test in tests if test.metric == name)
        entries["metric", name] = replace(_metric(plan, metric, lineage, users), tests=own)
    for source in plan.sources.values():
        for stream in source.streams:
            entries["stream", stream.full_name] = _stream(source, stream, users, entries)
    for model in plan.models.values():
        entries["model", model.full_name] = _model(model, users)
    for key_result in plan.key_results.values():
        entries["key result", key_result.id] = _key_result(key_result, lineage)
    return Dictionary(plan.organisation.name, entries)


def _test(test: MetricTest) -> str:
    """A test in one line, with its place."""
    return f"{test.title or test.name} ({test.place.file}:{test.place.line})"


class _Users:
    """Who uses what, looked up the other way round."""

    def __init__(self, plan: Plan) -> None:
        self.relations: dict[str, list[Link]] = {}
        self.metrics: dict[str, list[Link]] = {}
        for model in plan.models.values():
            for read in model.reads:
                self.relations.setdefault(read, []).append(Link("model", model.full_name))
        for metric in plan.metrics.values():
            if metric.from_ is not None:
                self.relations.setdefault(metric.from_, []).append(Link("metric", metric.name))
            for ref in dict.fromkeys(r.metric for r in refs_of(metric)):
                self.metrics.setdefault(ref, []).append(Link("metric", metric.name))
        for key_result in plan.key_results.values():
            for name in dict.fromkeys(metrics_of(key_result)):
                link = Link("key result", key_result.id, key_result.title)
                self.metrics.setdefault(name, []).append(link)


def _metric(plan: Plan, metric: Metric, lineage: Lineage, users: _Users) -> Entry:
    window = str(metric.window) if metric.derived is None else ""
    facts = {
        "Unit": str(metric.unit),
        "Window": window,
        "Time": metric.time or "",
        "Filters": ", ".join(metric.dimensions),
        "Settles after": f"{metric.settle_days} days" if metric.settle_days else "",
    }
    parts = [Link("metric", m) for m in dict.fromkeys(r.metric for r in refs_of(metric))]
    reads = [_relation_link(metric.from_)] if metric.from_ is not None else parts
    return Entry(
        kind="metric",
        name=metric.name,
        title=metric.title,
        description=metric.description,
        owner=metric.owner or "",
        file=metric.place.file,
        line=metric.place.line,
        facts=_filled(facts),
        reads=tuple(reads),
        used_by=tuple(users.metrics.get(metric.name, ())),
        sql=sql_of(plan, metric.name),
        formula=metric.derived or "",
        lineage=lineage.metric(metric.name),
        words=" ".join(streams_read(plan, metric.name)),
    )


def _relation_link(name: str) -> Link:
    return Link("model" if name.startswith("models.") else "stream", name)


def _filled(facts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in facts.items() if value)


def _stream(
    source: Source, stream: Stream, users: _Users, known: Mapping[tuple[str, str], Entry]
) -> Entry:
    facts = {
        "Connector": source.connector,
        **_options(source, stream),
        "Schedule": source.schedule or "",
        "Key": ", ".join(stream.key),
        "Load": stream.load + (", every version kept" if stream.history else ""),
        "Version by": stream.version_by or "",
        "Event time": stream.event_time or "",
        "Fresh within": f"{stream.fresh_within}, by {stream.fresh_by}"
        if stream.fresh_within
        else "",
        "New columns": stream.schema_contract.new_column,
        "Missing columns": stream.schema_contract.missing_column,
    }
    contract, declared = checks_for(stream)
    return Entry(
        kind="stream",
        name=stream.full_name,
        title=stream.description or source.description or stream.full_name,
        description=source.description if stream.description else "",
        owner=source.owner or "",
        file=stream.place.file,
        line=stream.place.line,
        facts=_filled(facts),
        used_by=tuple(users.relations.get(stream.full_name, ())),
        key=stream.key,
        columns=tuple(_column(stream, c, known) for c in stream.columns),
        checks=tuple(_check(spec) for spec in [*contract, *declared]),
        words=" ".join(c.name for c in stream.columns),
    )


def _options(source: Source, stream: Stream) -> dict[str, str]:
    every: dict[str, Any] = {**source.options, **stream.options}
    return {name.capitalize(): str(every[name]) for name in _SHOWN_OPTIONS if name in every}


def _check(spec: CheckSpec) -> Check:
    return Check(describe(spec.type, spec.arguments), spec.on_failure, spec.type)


def _column(stream: Stream, column: Column, known: Mapping[tuple[str, str], Entry]) -> ColumnEntry:
    users = [
        Link("metric", name)
        for (kind, name), entry in known.items()
        if kind == "metric" and _reads_column(entry.lineage, stream.full_name, column.name)
    ]
    return ColumnEntry(
        column.name, str(column.type), column.description, tuple(_column_facts(column)),
        column.personal, tuple(users),
    )  # fmt: skip


def _reads_column(uses: Iterable[Use], stream: str, column: str) -> bool:
    """Whether a metric itself asks for a column, beyond what the stream's own contract does."""
    return any(
        use.source.stream == stream
        and use.source.column == column
        and not (use.kind == "INDIRECT" and use.place.startswith(f"{stream}:"))
        for use in uses
    )


def _column_facts(column: Column) -> Sequence[str]:
    facts = []
    if column.header is not None:
        facts.append(f"called “{column.header}” in the source")
    if column.position is not None:
        facts.append(f"column {column.position} of the source")
    if column.formats:
        facts.append(f"written {' or '.join(column.formats)}")
    if column.timezone is not None:
        facts.append(f"local time of {column.timezone}")
    if column.one_of:
        facts.append(f"one of: {', '.join(column.one_of)}")
    nothing = [value or "blank" for value in column.null_values]
    if nothing != ["blank"]:
        facts.append(f"read as empty: {', '.join(nothing) or 'nothing'}")
    if column.decimal_mark != "." or column.thousands_mark:
        facts.append(f"written like 1{column.thousands_mark or ''}234{column.decimal_mark}5")
    return facts


def _model(model: Model, users: _Users) -> Entry:
    return Entry(
        kind="model",
        name=model.full_name,
        title=_first_comment(model.sql) or model.full_name,
        file=model.place.file,
        line=model.place.line,
        reads=tuple(_relation_link(read) for read in model.reads),
        used_by=tuple(users.relations.get(model.full_name, ())),
        sql=model.sql,
        words=" ".join(model.reads),
    )


def _first_comment(sql: str) -> str:
    """What the comment at the top of a model says, in one line."""
    lines = []
    for line in sql.strip().splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.lstrip("- ").strip())
    return " ".join(lines)


def _key_result(key_result: KeyResult, lineage: Lineage) -> Entry:
    named = dict.fromkeys(metrics_of(key_result))
    filters = "; ".join(f"{name} = {', '.join(values)}" for name, values in key_result.filter)
    facts = {
        "From": key_result.start.isoformat(),
        "Due": key_result.due.isoformat(),
        "Filter": filters,
        "Weight": format(key_result.weight.normalize(), "f"),
        "Withdrawn": key_result.withdrawn.why if key_result.withdrawn else "",
    }
    return Entry(
        kind="key result",
        name=key_result.id,
        title=key_result.title,
        description=key_result.description,
        owner=key_result.owner or "",
        file=key_result.place.file,
        line=key_result.place.line,
        facts=_filled(facts),
        reads=tuple(Link("metric", name) for name in named),
        lineage=lineage.key_result(key_result),
    )
