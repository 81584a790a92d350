"""What Dagster shows of measured metrics and scored key results.

What belongs here: tables, plottable numbers and worked formulas of one definition file or
one day. What does not: streams (metadata), and computing any of it.
"""

from __future__ import annotations

from collections import Counter
from typing import get_args

import dagster as dg

from pipelines.metadata import Cell, Metadata, plotted, schema_of, table
from pipelines.texts import code, printable
from scoreline.core.exact import parse_exact, shown
from scoreline.core.model import Plan
from scoreline.core.observed import Status
from scoreline.core.rollup import RolledUp
from scoreline.steps.reports import KeyResultRow, MetricRow, ScoreReport

SHOWN_ROWS = 200

_VALUES = schema_of(
    metric="string", filter="string", cycle="string", day="string", value="string",
    numerator="string", denominator="string", origin="string",
)  # fmt: skip
_KEY_RESULTS = schema_of(
    key_result="string", title="string", value="string", baseline="string", target="string",
    progress="string", expected="string", status="string", reason="string", provisional="bool",
)  # fmt: skip
_OBJECTIVES = schema_of(
    objective="string", title="string", progress="string", expected="string", coverage="string",
    status="string",
)  # fmt: skip


def metrics_metadata(path: str, plan: Plan, report: ScoreReport) -> Metadata:
    """What a metrics file's materialisation carries: its values as a table and as plots.

    Args:
        path: the file, relative to the project's folder.
        plan: the plan that was measured.
        report: what scoring did.
    """
    rows = [r for r in report.metrics if _file_of(plan, r.metric) == path]
    values = table([_value_row(r) for r in rows], SHOWN_ROWS, _VALUES)
    found: Metadata = {"as of": report.as_of.isoformat(), "values": values.pop("table"), **values}
    for row in rows:
        number = _number(row.value)
        if not row.filter and number is not None:
            found.setdefault(f"value: {row.metric}", number)
    found["series computed"] = sum(r.computed for r in rows)
    found["series reused"] = sum(not r.computed for r in rows)
    return found


def objectives_metadata(path: str, plan: Plan, report: ScoreReport) -> Metadata:
    """What an objectives file's materialisation carries: key results, plots, formulas.

    Args:
        path: the file, relative to the project's folder.
        plan: the plan that was scored.
        report: what scoring did.
    """
    known = plan.key_results
    rows = [r for r in report.key_results if r.id in known and known[r.id].file == path]
    above = [o for o in report.objectives if o.level == "objective"]
    above = [o for o in above if o.id in plan.objectives and plan.objectives[o.id].file == path]
    scored = table([_key_result_row(r) for r in rows], SHOWN_ROWS, _KEY_RESULTS)
    rolled = table([_objective_row(o) for o in above], SHOWN_ROWS, _OBJECTIVES)
    found: Metadata = {"as of": report.as_of.isoformat(), "key results": scored.pop("table")}
    found |= scored | {"objectives": rolled["table"]} | status_counts(rows)
    for row in rows:
        number = plotted(row.score.progress)
        if number is not None:
            found[f"progress: {row.id}"] = number
    found["how each was computed"] = dg.MetadataValue.md(_formulas(rows))
    return found


def day_metadata(report: ScoreReport) -> Metadata:
    """What one scored day carries in a backfill: counts, and how much was new."""
    found: Metadata = {
        "key results": len(report.key_results),
        "series computed": report.computed,
        "series reused": report.reused,
        "records": sum(report.recorded.values()),
        **status_counts(report.key_results),
    }
    top = [o for o in report.objectives if o.level == "organisation"]
    for one in top:
        number = plotted(one.progress)
        if number is not None:
            found[f"progress: {one.id}"] = number
    if report.block is not None:
        found["ledger block"] = report.block
    return found


def status_counts(rows: list[KeyResultRow]) -> Metadata:
    """How many key results have each status, zeros included so that plots have no holes."""
    counts = Counter(r.score.status for r in rows)
    return {f"status: {status}": counts[status] for status in get_args(Status)}


def _file_of(plan: Plan, metric: str) -> str | None:
    found = plan.metrics.get(metric)
    return found.file if found else None


def _number(text: str | None) -> float | None:
    try:
        return plotted(parse_exact(text)) if text is not None else None
    except ValueError:
        return None


def _value_row(row: MetricRow) -> dict[str, Cell]:
    return {
        "metric": row.metric,
        "filter": printable(row.filter),
        "cycle": row.cycle or "",
        "day": row.day.isoformat(),
        "value": row.value,
        "numerator": row.numerator,
        "denominator": row.denominator,
        "origin": "computed" if row.computed else "reused",
    }


def _key_result_row(row: KeyResultRow) -> dict[str, Cell]:
    score = row.score
    return {
        "key_result": row.id,
        "title": printable(row.title),
        "value": shown(score.value),
        "baseline": shown(score.baseline),
        "target": shown(score.target),
        "progress": shown(score.progress),
        "expected": shown(score.expected),
        "status": score.status,
        "reason": printable(score.reason or ""),
        "provisional": row.provisional,
    }


def _objective_row(row: RolledUp) -> dict[str, Cell]:
    return {
        "objective": row.id,
        "title": printable(row.title),
        "progress": shown(row.progress),
        "expected": shown(row.expected),
        "coverage": shown(row.coverage),
        "status": row.status,
    }


def _formulas(rows: list[KeyResultRow]) -> str:
    return "\n".join(f"- {code(row.title)}: {code(row.score.formula)}" for row in rows[:SHOWN_ROWS])
