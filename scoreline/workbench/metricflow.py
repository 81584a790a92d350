"""Metrics of dbt's semantic layer (MetricFlow) as a draft of ours.

What belongs here: from `semantic_models` and `metrics` as dbt writes them to the text of a
metrics file; what has no counterpart is said in comments, in its place. What does not: reading
a dbt project, or writing back. Facts: MetricFlow's own YAML as of dbt 1.9 (types simple,
ratio, derived, cumulative, conversion).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from scoreline.core.errors import ExpressionError, UsageError
from scoreline.core.formula import parse
from scoreline.workbench.draft_text import scalar
from scoreline.workbench.metricflow_parts import (
    COLUMN,
    Lost,
    Measure,
    aggregate_of,
    conditions,
    offset_of,
    window_of,
)
from scoreline.workbench.naming import plain_name

_REF = re.compile(r"""ref\(\s*['"](?:[^'"]*['"]\s*,\s*['"])?([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Imported:
    """The text of the draft, the metrics in it, and those left out with the reason."""

    text: str
    metrics: tuple[str, ...]
    lost: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """One metric of ours, with what a person should know of it."""

    name: str
    title: str
    description: str = ""
    owner: str = ""
    unit: str = "number"
    relation: str = ""
    measure: Mapping[str, Any] = field(default_factory=dict)
    derived: str = ""
    time: str | None = None
    window: str = ""
    dimensions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def import_metricflow(text: str, relations: Iterable[str] = ()) -> Imported:
    """The metrics of one or more semantic models.

    Args:
        text: YAML with `semantic_models` and `metrics`.
        relations: full names of the project's streams and models; a dbt model of the same
            last name is taken for one of them.

    Raises:
        UsageError: the text is not YAML, holds neither key, or is not as dbt writes it.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"this is not YAML: {error}") from error
    if not isinstance(data, dict) or not (data.get("metrics") or data.get("semantic_models")):
        raise UsageError("there are no semantic_models and no metrics in it")
    try:
        return _Import(data, {r.rpartition(".")[2]: r for r in relations}).run()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(f"the file is not as dbt writes it: {error!r}") from error


class _Import:
    """One file on its way."""

    def __init__(self, data: Mapping[str, Any], relations: Mapping[str, str]) -> None:
        self._relations = relations
        self._measures: dict[str, Measure] = {}
        self._drafts: dict[str, _Draft] = {}
        self._lost: dict[str, str] = {}
        self._metrics = [dict(m) for m in data.get("metrics") or ()]
        for model in data.get("semantic_models") or ():
            self._read_model(model)

    def run(self) -> Imported:
        """Every metric, those that others are made from first."""
        for metric in sorted(self._metrics, key=lambda m: m.get("type") in ("ratio", "derived")):
            name = plain_name(str(metric.get("name", "")), "metric")
            try:
                self._drafts[name] = self._metric(name, metric)
            except Lost as lost:
                self._lost[name] = str(lost)
        self._drop_orphans()
        return Imported(self._text(), tuple(self._drafts), tuple(self._lost.items()))

    def _drop_orphans(self) -> None:
        """Formulas over metrics that were lost are lost, too."""
        while True:
            gone = {
                name: other
                for name, draft in self._drafts.items()
                if draft.derived
                for other in _names(draft.derived)
                if other not in self._drafts
            }
            if not gone:
                return
            for name, other in gone.items():
                del self._drafts[name]
                self._lost[name] = f"made from {other}, which is not here"

    def _read_model(self, model: Mapping[str, Any]) -> None:
        reference = _REF.search(str(model.get("model", "")))
        relation = reference[1] if reference else str(model.get("name", ""))
        columns = {
            str(item["name"]): str(item.get("expr") or item["name"])
            for key in ("dimensions", "entities")
            for item in model.get(key) or ()
        }
        categories = [
            columns[str(d["name"])]
            for d in model.get("dimensions") or ()
            if d.get("type") == "categorical" and COLUMN.fullmatch(columns[str(d["name"])])
        ]
        default = (model.get("defaults") or {}).get("agg_time_dimension")
        for measure in model.get("measures") or ():
            name, time = str(measure["name"]), measure.get("agg_time_dimension") or default
            self._measures[name] = Measure(
                str(measure.get("agg", "")),
                str(measure.get("expr") or name),
                self._relations.get(relation, relation),
                columns.get(time, time) if time else None,
                columns,
                tuple(categories),
                str(measure.get("description") or ""),
                bool(measure.get("non_additive_dimension")),
            )
            if measure.get("create_metric"):
                self._metrics.append(
                    {"name": name, "type": "simple", "type_params": {"measure": name}}
                )

    def _metric(self, name: str, metric: Mapping[str, Any]) -> _Draft:
        kind, params = str(metric.get("type", "simple")), metric.get("type_params") or {}
        meta = (metric.get("config") or {}).get("meta") or metric.get("meta") or {}
        base = _Draft(
            name,
            str(metric.get("label") or name.replace("_", " ").capitalize()),
            " ".join(str(metric.get("description") or "").split()),
            str(meta.get("owner") or ""),
        )
        if kind in ("simple", "cumulative"):
            return self._aggregated(base, kind, params, metric.get("filter"))
        if metric.get("filter"):
            raise Lost(f"a filter on a {kind} metric: put it on the metrics that it is made from")
        if kind == "ratio":
            return self._ratio(base, params)
        if kind == "derived":
            return self._derived(base, params)
        raise Lost(f"type {kind} has no counterpart: count conversions in a model")

    def _aggregated(
        self, base: _Draft, kind: str, params: Mapping[str, Any], filter_: Any
    ) -> _Draft:
        written = params.get("measure")
        more = written if isinstance(written, dict) else {"name": written}
        measure = self._measures.get(str(more.get("name")))
        if measure is None:
            raise Lost(f"its measure {more.get('name')} is in no semantic model of this file")
        if measure.non_additive:
            raise Lost("a non-additive measure: take the newest row of each in a model")
        aggregate, where = aggregate_of(measure)
        wheres = [
            w
            for w in (
                where,
                *conditions(filter_, measure),
                *conditions(more.get("filter"), measure),
            )
            if w
        ]
        notes = []
        if more.get("fill_nulls_with") is not None:
            notes.append("fill_nulls_with: a day without rows is 0 here by itself, or no value")
        window, said = window_of(kind, params)
        unit = "count" if next(iter(aggregate)) in ("count", "count_distinct") else "number"
        body = {**aggregate, "where": " and ".join(wheres)} if wheres else aggregate
        return replace(
            base, unit=unit, relation=measure.relation, measure=body, time=measure.time,
            window=window, dimensions=measure.categories,
            description=base.description or measure.description, notes=(*notes, *said),
        )  # fmt: skip

    def _ratio(self, base: _Draft, params: Mapping[str, Any]) -> _Draft:
        parts = [
            self._input(base.name, word, params.get(word)) for word in ("numerator", "denominator")
        ]
        return replace(base, unit="ratio", derived=" / ".join(parts))

    def _input(self, name: str, word: str, written: Any) -> str:
        """The name of an input; one with a filter of its own becomes a metric of its own."""
        more = written if isinstance(written, dict) else {"name": written}
        found = plain_name(str(more.get("name")), "metric")
        if not more.get("filter"):
            return found
        source = next((m for m in self._metrics if m.get("name") == more.get("name")), None)
        if source is None or source.get("type", "simple") not in ("simple", "cumulative"):
            raise Lost(f"a filter on {more.get('name')}, which is no simple metric")
        own = f"{name}_{word}"
        filters = [f for f in (source.get("filter"), more["filter"]) if f]
        label = f"{source.get('label') or found}, for {name}"
        self._drafts[own] = self._metric(own, {**source, "filter": filters, "label": label})
        return own

    def _derived(self, base: _Draft, params: Mapping[str, Any]) -> _Draft:
        formula = " ".join(str(params.get("expr") or "").split())
        for number, item in enumerate(params.get("metrics") or ()):
            more = item if isinstance(item, dict) else {"name": item}
            if more.get("offset_to_grain"):
                raise Lost(f"offset_to_grain: {more['offset_to_grain']} has no counterpart")
            name = self._input(base.name, f"part_{number + 1}", more) + offset_of(more)
            alias = str(more.get("alias") or more["name"])
            formula = re.sub(rf"\b{re.escape(alias)}\b(?!@)", name, formula)
        try:
            parse(formula)
        except ExpressionError as error:
            raise Lost(f"the formula {formula!r} is not plain arithmetic: {error}") from error
        return replace(base, derived=formula)

    def _text(self) -> str:
        lines = [
            "# A draft from dbt's semantic layer: read each line, then delete these comments.",
            "# Say in each unit what the number is: share, percent, count, currency:EUR …",
            "metrics:",
        ]
        for draft in self._drafts.values():
            lines += [f"  {line}" for line in _lines(draft, self._relations)]
        if not self._drafts:
            lines[-1] = "# No metric of the file could be carried over."
        for name, why in self._lost.items():
            lines.append(f"  # {name} is not carried over: {' '.join(why.split())}")
        return "\n".join(lines) + "\n"


def _lines(draft: _Draft, relations: Mapping[str, str]) -> list[str]:
    body = [f"# {note}" for note in draft.notes]
    body.append(f"title: {scalar(draft.title)}")
    if draft.description:
        body.append(f"description: {scalar(draft.description)}")
    body.append(f"owner: {scalar(draft.owner)}" if draft.owner else "# owner: name@company")
    body.append(f"unit: {draft.unit}")
    if draft.derived:
        body.append(f"derived: {scalar(draft.derived)}")
    else:
        known = draft.relation in relations.values()
        ask = "" if known else "  # which stream or model is this dbt model?"
        body += [f"from: {draft.relation}{ask}", f"measure: {scalar(draft.measure)}"]
        if draft.time is not None:
            body.append(f"time: {scalar(draft.time)}")
        body.append(f"window: {draft.window}")
        if draft.dimensions:
            body.append(f"dimensions: {scalar(draft.dimensions)}")
    return [f"{draft.name}:", *(f"  {line}" for line in body)]


def _names(formula: str) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", re.sub(r"@-\d+\w", "", formula))
