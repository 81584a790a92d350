"""From metrics files as written to the metrics of the plan: those over a stream or model.

What belongs here: measures, columns, windows and dimensions of one metric. What does
not: formulas over other metrics (resolve_derived), the SQL of a `where` (measures).
"""

from __future__ import annotations

from dataclasses import dataclass

from scoreline.core.model import Aggregate, Metric, Ratio, Stream, Window
from scoreline.definitions.findings import Entry
from scoreline.definitions.relations import Relations
from scoreline.definitions.resolve_derived import resolve_derived
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_metrics import AggregateSpec, MeasureSpec, MetricSpec

AGGREGATES = ("count", "count_distinct", "sum", "min", "max", "average")
_NUMERIC = ("integer", "decimal")
_OF_ROWS = ("from", "measure", "time", "window", "settle")


@dataclass(frozen=True, slots=True)
class MetricDraft:
    """A metric as read; `spec` is None where its own text is in error."""

    name: str
    entry: Entry
    spec: MetricSpec | None


def resolve_metrics(
    drafts: list[MetricDraft], relations: Relations, unreadable: tuple[str, ...] = ()
) -> dict[str, Metric]:
    """The metrics that are whole, by name, in the order of the files.

    Args:
        drafts: the metrics as read.
        relations: what they may read from.
        unreadable: metrics files that cannot be read, and may hold any metric.
    """
    _refuse_repeated(drafts)
    whole: dict[str, Metric] = {}
    for draft in drafts:
        if draft.spec is not None and draft.spec.derived is None:
            metric = _over_rows(draft, draft.spec, relations)
            if metric is not None:
                whole[draft.name] = metric
    declared = {draft.name for draft in drafts}
    derived = {d.name: d for d in drafts if d.spec is not None and d.spec.derived is not None}
    for draft in derived.values():
        _refuse_row_keys(draft)
    entries = {n: (d.entry, d.spec) for n, d in derived.items() if d.spec is not None}
    whole |= resolve_derived(entries, whole, declared, unreadable)
    return {draft.name: whole[draft.name] for draft in drafts if draft.name in whole}


def _refuse_repeated(drafts: list[MetricDraft]) -> None:
    first: dict[str, MetricDraft] = {}
    for draft in drafts:
        other = first.setdefault(draft.name, draft)
        if other is draft:
            continue
        pairs = ((draft, other), (other, draft))
        for one, another in pairs:
            message = f"the metric {one.name} stands in {another.entry.document.file} as well"
            legal = "a name that no other metric has"
            one.entry.error("duplicate-name", message, found=one.name, legal=legal, on_key=True)


def _refuse_row_keys(draft: MetricDraft) -> None:
    written = draft.spec.model_fields_set if draft.spec else set()
    for key in _OF_ROWS:
        if (f"{key}_" if key == "from" else key) in written and key != "settle":
            message = f"a derived metric has no {key} of its own: its parts have"
            legal = "derived with title, description, owner, unit, dimensions, settle"
            draft.entry.error("not-applicable", message, key, legal=legal, on_key=True)


def _over_rows(draft: MetricDraft, spec: MetricSpec, relations: Relations) -> Metric | None:
    entry = draft.entry
    if spec.measure is None or spec.from_ is None:
        missing = "from" if spec.measure else "measure"
        message = "a metric needs from and measure, or derived"
        legal = "from: <source>.<stream> with measure: {…}, or derived: a / b"
        entry.error("missing-key", f"{message}: {missing} is missing", found="", legal=legal,
                    on_key=True)  # fmt: skip
        return None
    stream = _relation(entry, spec.from_, relations)
    measure = _measure(entry, spec.measure, stream)
    time = spec.time or (stream.event_time if stream else None)
    _check_columns(entry, spec, stream)
    window = _window(entry, spec, time)
    if not entry.ok:
        return None
    return Metric(
        name=draft.name,
        title=spec.title,
        unit=spec.unit,
        file=entry.document.file,
        description=spec.description or "",
        owner=spec.owner,
        from_=spec.from_,
        measure=measure,
        time=time,
        window=window,
        dimensions=tuple(spec.dimensions),
        settle_days=spec.settle or 0,
        place=entry.place,
    )


def _relation(entry: Entry, name: str, relations: Relations) -> Stream | None:
    state = relations.state(name)
    if state == "unknown":
        names = relations.names()
        message = f"from names {name}, which is neither a stream nor a model"
        hint = nearest(name, names)
        entry.error("unknown-reference", message, "from", legal=listed(names), hint=hint)
    elif state == "in error":
        message = f"from names {name}, which is in error"
        entry.error("depends-on-error", message, "from", hint=f"mend {name} first")
    return relations.streams.get(name)


def _window(entry: Entry, spec: MetricSpec, time: str | None) -> Window:
    window = spec.window or Window("cycle")
    if time is None and window.kind not in ("all", "latest") and entry.ok:
        where = ("window",) if spec.window else ()
        message = f"the window {window} needs a time column, and there is none"
        hint = "name one with time: COLUMN; without one say window: all or window: latest"
        entry.error("missing-time", message, *where, found=str(window), legal="all, latest",
                    hint=hint, on_key=not where)  # fmt: skip
    return window


def _check_columns(entry: Entry, spec: MetricSpec, stream: Stream | None) -> None:
    repeated = {d for d in spec.dimensions if spec.dimensions.count(d) > 1}
    if repeated:
        message = f"the dimension {min(repeated)} stands twice"
        entry.error("duplicate-column", message, "dimensions", found=min(repeated))
    if stream is None:
        return
    for index, name in enumerate(spec.dimensions):
        _column_kind(entry, stream, name, "dimensions", index)
    kind = _column_kind(entry, stream, spec.time, "time") if spec.time else None
    if kind is not None and kind not in ("date", "timestamp"):
        times = [c.name for c in stream.columns if c.type.kind in ("date", "timestamp")]
        message = f"time must be a date or timestamp column, {spec.time} is {kind}"
        entry.error("wrong-type", message, "time", legal=listed(times) or "none in this stream")


def _column_kind(entry: Entry, stream: Stream, name: str, *path: str | int) -> str | None:
    """The type of a column that must exist and be written; reports it otherwise."""
    column = stream.column(name)
    if column is None:
        names = [c.name for c in stream.columns]
        message = f"{stream.full_name} has no column {name}"
        entry.error(
            "unknown-column", message, *path, legal=listed(names), hint=nearest(name, names)
        )
        return None
    if column.personal == "drop":
        message = f"the column {name} is dropped before it is written (personal: drop)"
        entry.error("dropped-column", message, *path, legal="personal: pseudonym or keep")
        return None
    return column.type.kind


def _measure(entry: Entry, spec: MeasureSpec, stream: Stream | None) -> Aggregate | Ratio | None:
    if spec.ratio is None:
        return _aggregate(entry, spec, stream, "measure")
    others = [a for a in AGGREGATES if getattr(spec, a) is not None]
    if others:
        message = f"a measure has one aggregate, found ratio and {listed(others)}"
        entry.error("not-exactly-one", message, "measure", found="", legal="one of them")
        return None
    ratio = spec.ratio
    numerator = _aggregate(entry, ratio.numerator, stream, "measure", "ratio", "numerator")
    denominator = _aggregate(entry, ratio.denominator, stream, "measure", "ratio", "denominator")
    return Ratio(numerator, denominator, spec.where) if numerator and denominator else None


def _aggregate(
    entry: Entry, spec: AggregateSpec, stream: Stream | None, *path: str
) -> Aggregate | None:
    chosen = [a for a in AGGREGATES if getattr(spec, a) is not None]
    legal = listed((*AGGREGATES, "ratio") if len(path) == 1 else AGGREGATES)
    if len(chosen) != 1:
        message = f"exactly one aggregate is expected, found {listed(chosen) or 'none'}"
        entry.error("not-exactly-one", message, *path, found=listed(chosen), legal=legal)
        return None
    kind = chosen[0]
    column: str = getattr(spec, kind)
    at = (*path, kind)
    if kind == "count" and column == "rows":
        return Aggregate("count", None, spec.where)
    if stream is not None:
        found = _column_kind(entry, stream, column, *at)
        if found and kind in ("sum", "min", "max", "average") and found not in _NUMERIC:
            numeric = [c.name for c in stream.columns if c.type.kind in _NUMERIC]
            message = f"{kind} reads integer and decimal columns only, {column} is {found}"
            entry.error("wrong-type", message, *at, legal=listed(numeric) or "none in this stream")
        elif found == "json" and kind != "count":
            message = f"{kind} cannot read a json column"
            entry.error("wrong-type", message, *at, legal="a column that is not json")
    return Aggregate(kind, column, spec.where)  # type: ignore[arg-type]
