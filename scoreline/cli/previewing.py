"""`preview`.

What belongs here: printing a metric's values, chart, SQL and rows. What does not: computing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from scoreline.cli.charts import bounds, braille, meter
from scoreline.cli.console import TerminalListener, console, print_json, safe, table
from scoreline.core.exact import Exact, exact_text, shown
from scoreline.core.figures import amount, number
from scoreline.core.model import Filter, Metric
from scoreline.steps.previewing import Preview, Wish, filter_from, preview, rows_of
from scoreline.steps.project import Project
from scoreline.warehouse.rows_behind import RowBehind, RowsBehind
from scoreline.wiring import open_project

_WIDTH, _HEIGHT, _SEGMENTS, _LONGEST = 60, 7, 20, 30


@dataclass(frozen=True, slots=True)
class Showing:
    """What is asked for of a preview."""

    as_of: date | None = None
    days: int = 90
    filter: tuple[str, ...] = ()
    by: str | None = None
    sql: bool = False
    rows: int = 0
    json: bool = False


def show_preview(root: Path, metric: str, asked: Showing) -> int:
    """Print a metric's value, course, SQL and rows; returns 0."""
    listener = TerminalListener()  # the SQL of other metrics need not be looked at
    project = open_project(root, listener=listener, check_sql=False, as_written=True)
    try:
        day = asked.as_of or project.default_day()
        wish = Wish(metric, day, asked.days, filter_from(asked.filter), asked.by)
        found = preview(project, wish)
        rows = _rows(project, wish, asked.rows) if asked.rows else []
    finally:
        project.close()
    if asked.json:
        print_json({**_as_json(found), "rows": [_rows_json(*part) for part in rows]})
    else:
        _print(found, asked, rows)
    return 0


def _rows(project: Project, wish: Wish, count: int) -> list[tuple[RowsBehind, list[RowBehind]]]:
    with rows_of(project, wish) as drill:
        return [(part, part.page(1, count)) for part in drill.parts]


def _print(found: Preview, asked: Showing, rows: list[tuple[RowsBehind, list[RowBehind]]]) -> None:
    out, metric = console(), found.metric
    day, value = found.days[-1], found.values[-1]
    out.print(f"[bold]{safe(metric.title)}[/]  {safe(metric.name)}  [dim]{safe(_about(found))}[/]")
    out.print(f"[bold]{safe(_amount(value, metric))}[/]{_parts(value)} on {day}\n")
    _print_chart(found, out)
    if found.by:
        _print_segments(found, asked.by or "", out)
    for note in found.notes:
        out.print(f"[cyan]note[/] {safe(note)}")
    if asked.sql:
        out.print(f"\n[dim]{safe(found.sql)}[/]", soft_wrap=True)
    for part, page in rows:
        _print_rows(part, page, out)


def _about(found: Preview) -> str:
    metric = found.metric
    words = [f"unit {metric.unit}"]
    words.append(metric.derived or f"window {metric.window}")
    if found.cycle is not None:
        words.append(f"in {found.cycle.name}")
    if found.filter:
        words.append("; ".join(f"{k} = {', '.join(v)}" for k, v in found.filter))
    return ", ".join(words)


def _number(value: Exact | None, metric: Metric) -> Fraction | None:
    number_ = value.fraction if value else None
    return None if number_ is None else number_ * metric.unit.factor


def _amount(value: Exact | None, metric: Metric) -> str:
    found = _number(value, metric)
    return "no value" if found is None else amount(found, metric.unit, 6)


def _parts(value: Exact | None) -> str:
    if value is None or value.denominator is None:
        return ""
    return f" = {number(shown(value.numerator))} / {number(shown(value.denominator))}"


def _print_chart(found: Preview, out: Any) -> None:
    values = [_number(v, found.metric) for v in found.values]
    if len(values) < 2 or all(v is None for v in values):
        return
    low, high = (amount(b, found.metric.unit) for b in bounds(values))
    label = max(len(low), len(high))
    lines = braille(values, _WIDTH, _HEIGHT)
    for place, line in enumerate(lines):
        side = high if place == 0 else low if place == len(lines) - 1 else ""
        out.print(f"  {safe(side.rjust(label))} │[cyan]{line}[/]")
    first, last = str(found.days[0]), str(found.days[-1])
    out.print(f"  {' ' * label}  {first}{last.rjust(_WIDTH - len(first))}", style="dim")


def _print_segments(found: Preview, by: str, out: Any) -> None:
    known = {k: _number(v, found.metric) for k, v in found.by.items()}
    order = sorted(known, key=lambda k: (known[k] is None, -(known[k] or 0), k))
    most = max((abs(v) for v in known.values() if v is not None), default=Fraction(0)) or 1
    cells = [
        [
            safe(name),
            safe(_amount(found.by[name], found.metric)),
            meter((known[name] or Fraction(0)) / most, 20),
        ]
        for name in order[:_SEGMENTS]
    ]
    out.print()
    out.print(table("", (safe(by), "value#", ""), cells))
    if len(order) > _SEGMENTS:
        out.print(f"  … and {len(order) - _SEGMENTS:,} more: `--json` has them all", style="dim")


def _print_rows(part: RowsBehind, page: list[RowBehind], out: Any) -> None:
    query, totals = part.query, part.totals
    below = f" / {number(totals.denominator)}" if totals.denominator is not None else ""
    out.print(
        f"\n{totals.rows:,} rows of {safe(query.relation)} add up to "
        f"{number(totals.numerator)}{below}"
    )
    adds = ("adds above#", "adds below#") if query.has_denominator else ("adds#",)
    cells = []
    for row in page:
        added = [row.numerator, row.denominator][: len(adds)]
        cells.append(
            [
                *(number(a) if a is not None else "" for a in added),
                *("–" if v is None else safe(v[:_LONGEST]) for v in row.values),
                "; ".join(safe(o) for o in row.origins[:2]),
            ]
        )
    out.print(table("", [*adds, *map(safe, query.columns), "file and row"], cells))


def _as_json(found: Preview) -> dict[str, Any]:
    metric = found.metric
    return {
        "metric": metric.name,
        "title": metric.title,
        "owner": metric.owner,
        "unit": str(metric.unit),
        "cycle": found.cycle.name if found.cycle else None,
        "filter": _filter_json(found.filter),
        "day": found.days[-1].isoformat(),
        **_value_json(found.values[-1], metric),
        "series": [
            {"day": day.isoformat(), **_value_json(value, metric)}
            for day, value in zip(found.days, found.values, strict=True)
        ],
        "by": [{"segment": k, **_value_json(v, metric)} for k, v in found.by.items()],
        "sql": found.sql,
        "notes": list(found.notes),
    }


def _filter_json(filter_: Filter) -> dict[str, list[str]]:
    return {key: list(values) for key, values in filter_}


def _value_json(value: Exact | None, metric: Metric) -> dict[str, str | None]:
    below = value.denominator if value else None
    return {
        "value": shown(_number(value, metric)),
        "numerator": exact_text(value.numerator) if value else None,
        "denominator": None if below is None else exact_text(below),
    }


def _rows_json(part: RowsBehind, page: list[RowBehind]) -> dict[str, Any]:
    query, totals = part.query, part.totals
    return {
        "metric": query.metric.name,
        "relation": query.relation,
        "rows": totals.rows,
        "numerator": totals.numerator,
        "denominator": totals.denominator,
        "columns": list(query.columns),
        "items": [
            {
                "numerator": row.numerator,
                "denominator": row.denominator,
                "values": dict(zip(query.columns, row.values, strict=True)),
                "from": [str(o) for o in row.origins],
            }
            for row in page
        ],
    }
