"""`forecast`, and how good forecasts were.

What belongs here: printing forecasts and their backtest. What does not: making them.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

from rich.console import Console

from scoreline.cli.console import (
    console,
    number,
    opened,
    percent,
    print_json,
    safe,
    status_text,
    table,
)
from scoreline.core.backtest import Tally
from scoreline.core.exact import shown
from scoreline.core.figures import chance
from scoreline.core.forecast import COVERAGE, DAYS, Forecast
from scoreline.steps.forecasting import (
    BacktestReport,
    KeyResultForecast,
    backtest,
    backtest_json,
    forecast_json,
    forecasts,
)
from scoreline.steps.project import Project
from scoreline.steps.status import find_key_result


def show_forecasts(root: Path, name: str | None, as_of: date | None, json: bool) -> int:
    """Print what to expect of every key result, or of one; returns 0."""
    with opened(root, check_sql=False) as project:
        only = find_key_result(project, name) if name else None
        found = forecasts(project, as_of, only)
        if json:
            print_json([forecast_json(row) for row in found])
        else:
            _print_forecasts(project, found, as_of or project.default_day())
    return 0


def show_backtest(root: Path, name: str | None, as_of: date | None, json: bool) -> int:
    """Print how good past forecasts would have been; returns 0."""
    with opened(root, check_sql=False) as project:
        only = find_key_result(project, name) if name else None
        report = backtest(project, as_of, only)
        if json:
            print_json(backtest_json(report))
        else:
            _print_backtest(report)
    return 0


def _print_forecasts(project: Project, found: list[KeyResultForecast], day: date) -> None:
    out = console()
    name = project.plan.organisation.name
    out.print(f"[bold]{safe(name)}[/] forecast on {day:%A, %d %B %Y}\n")
    for row in found:
        _print_one(out, row)
    out.print(
        f"Estimates from the newest {DAYS} days of each series; they never enter a score. "
        "next: scoreline forecast --backtest",
        style="dim",
    )


def _print_one(out: Console, row: KeyResultForecast) -> None:
    out.print(f"[bold]{safe(row.title)}[/]  [dim]{safe(row.id)}[/]")
    made = row.forecast
    if made is not None:
        out.print(f"  {_expected(row, made)}")
    now = "" if row.value is None else f"now {_short(row.value)}, "
    pace = f"; {_signed(made.pace)} a week over {made.points} values" if made else ""
    out.print(f"  {now}{status_text(row.status)}{pace}{_needed(row)}")
    if row.reason is not None:
        out.print(f"  [dim]no forecast: {safe(row.reason)}[/]")
    out.print()


def _expected(row: KeyResultForecast, made: Forecast) -> str:
    """`on 2026-12-31: 82.1 to 95.4 (80 % interval), middle 88.9; chance of 90: 62 %`."""
    span = f"{_short(made.low)} to {_short(made.high)}"
    text = f"on {made.due}: {span} ({_share(COVERAGE)} interval), middle {_short(made.value)}"
    if made.chance is None or row.target is None:
        return text
    return f"{text}; chance of {_short(row.target)}: {chance(made.chance, made.points)}"


def _needed(row: KeyResultForecast) -> str:
    if row.needed_pace is None or row.target is None:
        return ""
    if row.status == "achieved":
        return f"; the target {_short(row.target)} is reached"
    return f"; {_short(row.target)} needs {_signed(row.needed_pace)} a week"


def _print_backtest(report: BacktestReport) -> None:
    out = console()
    out.print(f"[bold]Backtest[/] of forecasts up to {report.as_of:%A, %d %B %Y}\n")
    columns = ("key result", "forecasts#", "held#", "error#", "newest value's#", "ratio#")
    rows = [[safe(k.id), *_tally_cells(k.tally)] for k in report.key_results if k.reason is None]
    out.print(table("", columns, rows))
    out.print(f"\n{_overall(report)}")
    for k in report.key_results:
        if k.reason is not None:
            out.print(f"[dim]{safe(k.id)}: {safe(k.reason)}[/]")


def _overall(report: BacktestReport) -> str:
    """What all key results add up to, in words."""
    total = report.overall
    ratios = [k.tally.against_naive for k in report.key_results if k.tally.cases]
    closer = sum(1 for ratio in ratios if ratio is not None and ratio < 1)
    if not ratios:
        return "No past day could have been forecast."
    text = f"A forecast was closer than its newest value in {closer} of {len(ratios)} key results."
    if total.mean_error is None or total.mean_naive is None:
        return text
    return (
        f"{percent(total.coverage)} of {total.cases:,} intervals held the value that came "
        f"(meant: {_share(COVERAGE)}). {text} Mean error {percent(total.mean_error)} of the way "
        f"from baseline to target; of the newest values {percent(total.mean_naive)}."
    )


def _tally_cells(tally: Tally) -> list[str]:
    return [
        f"{tally.cases:,}",
        percent(tally.coverage),
        number(shown(tally.mean_error, 2)),
        number(shown(tally.mean_naive, 2)),
        number(shown(tally.against_naive, 2)),
    ]


def _short(value: Fraction) -> str:
    return number(shown(value, 2))


def _signed(value: Fraction) -> str:
    text = _short(value)
    return text if text.startswith("-") else f"+{text}"


def _share(share: Fraction) -> str:
    """A share in whole percent."""
    return f"{round(share * 100)} %"
