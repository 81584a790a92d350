"""A year of daily runs: many key results, and new rows each day.

What belongs here: writing such a project, and running it day by day. What does not: timing
(verify), and projects that are about rows (generate) or about pages (large).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from bench.large import source_of_days
from bench.unchecked import Unchecked
from scoreline.steps.run import run_all
from scoreline.wiring import open_project

CYCLE = "2026"
FIRST, DUE = date(2026, 1, 1), date(2026, 12, 31)
COLUMNS = 10
_EACH = 40
_IN_AN_OBJECTIVE = 4
_WINDOWS = ("cycle", "month", "trailing 28d")
_DAYS = (365, 30, 28)
_CURVES = ("linear", "back_loaded", "workdays", "s_curve")


def write(root: Path, key_results: int = 1_000) -> None:
    """Write the definitions of the project below `root`; no rows yet.

    Args:
        root: the project's folder.
        key_results: how many of them, 40 a team.
    """
    teams = [f"team{n:02}" for n in range(-(-key_results // _EACH))]
    folder = root / "okr_defs"
    _put(folder / "organisation.yaml", _organisation(teams))
    _put(folder / "sources/ops.yaml", source_of_days(COLUMNS))
    _put(folder / "metrics/ops.yaml", "metrics:\n" + "".join(_metrics()))
    for n, team in enumerate(teams):
        count = min(_EACH, key_results - n * _EACH)
        _put(folder / f"objectives/{CYCLE}/{team}.yaml", _objectives(team, count))


def run(root: Path, days: int) -> Iterator[date]:
    """Score day after day from the cycle's first, after each day's rows arrived; yields the day.

    No checks are evaluated: they write no scores.
    """
    chance = random.Random(7)  # noqa: S311 - a workload, no secret
    teams = sorted(path.stem for path in (root / "okr_defs/objectives" / CYCLE).glob("*.yaml"))
    with closing(open_project(root, validator=Unchecked(), check_sql=False)) as project:
        for step in range(days):
            day = FIRST + timedelta(days=step)
            _put(root / f"exports/{day}.csv", _rows(day, teams, chance))
            report = run_all(project, day)
            assert report.scores is not None, report
            yield day


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _organisation(teams: list[str]) -> str:
    lines = "".join(f"  {team}: {{lead: lead@year.example}}\n" for team in teams)
    return (
        "organisation: A Year\ntimezone: Europe/Berlin\n"
        f'cycles:\n  "{CYCLE}": {{start: {FIRST}, end: {DUE}}}\n'
        f"evaluate: {DUE}\nteams:\n{lines}people:\n  lead@year.example: {{name: Team Lead}}\n"
    )


def _metrics() -> Iterator[str]:
    """Thirty sums, and ten shares of two of the columns."""
    place = "from: ops.days, time: day, dimensions: [team]"
    for n in range(COLUMNS * len(_WINDOWS)):
        window = _WINDOWS[n // COLUMNS]
        measure = f"measure: {{sum: m{n % COLUMNS}}}"
        yield f"  s{n}: {{title: Sum {n}, unit: number, {measure}, window: {window}, {place}}}\n"
    for n in range(COLUMNS):
        above, below = f"{{sum: m{n}}}", f"{{sum: m{(n + 1) % COLUMNS}}}"
        measure = f"measure: {{ratio: {{numerator: {above}, denominator: {below}}}}}"
        window = "window: trailing 28d"
        yield f"  r{n}: {{title: Ratio {n}, unit: number, {measure}, {window}, {place}}}\n"


def _objectives(team: str, count: int) -> str:
    lines = [f'cycle: "{CYCLE}"', f"team: {team}", "objectives:"]
    for n in range(count):
        if n % _IN_AN_OBJECTIVE == 0:
            lines += [
                f"  goal{n // _IN_AN_OBJECTIVE}:",
                f"    title: Goal {n // _IN_AN_OBJECTIVE} of {team}",
                "    owner: lead@year.example",
                "    key_results:",
            ]
        lines.append(f"      kr{n}: {{title: Key result {n}, filter: {{team: {team}}}, {_aim(n)}}}")
    return "\n".join(lines) + "\n"


def _aim(n: int) -> str:
    """What key result `n` of a team wants: a sum, or a ratio reached or kept."""
    if n < COLUMNS * len(_WINDOWS):
        target = _DAYS[n // COLUMNS] * (15 + n % COLUMNS)
        curve = _CURVES[n % len(_CURVES)]
        return f"metric: s{n}, baseline: 0, target: {target}, expected: {curve}"
    metric = f"metric: r{n % COLUMNS}"
    if n % 2:
        return f"{metric}, keep: {{at_least: 0.9, every: week}}"
    return f"{metric}, baseline: 0.5, target: 1.1"


def _rows(day: date, teams: list[str], chance: random.Random) -> str:
    lines = ["day,team," + ",".join(f"m{n}" for n in range(COLUMNS))]
    for team in teams:
        cells = ",".join(str(chance.randrange(0, 40)) for _ in range(COLUMNS))
        lines.append(f"{day},{team},{cells}")
    return "\n".join(lines) + "\n"
