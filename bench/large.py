"""A large organisation: many teams and key results on few rows, for whoever only reads.

What belongs here: writing such a project, and running it twice, a week apart. What does
not: timing (page), and projects that are about rows (generate).
"""

from __future__ import annotations

import argparse
import random
from datetime import date, timedelta
from pathlib import Path

from scoreline.steps.run import run_all
from scoreline.wiring import open_project

COLUMNS = 20
WINDOWS = (
    "cycle",
    "month",
    "quarter",
    "trailing 7d",
    "trailing 28d",
    "trailing 60d",
    "trailing 90d",
)
CYCLE = "2026-H2"
FIRST, DUE, TODAY = date(2026, 7, 1), date(2026, 12, 31), date(2026, 11, 20)
A_WEEK = timedelta(days=7)
_KEY_RESULTS_EACH = 4
_PEOPLE = 240


def write(root: Path, teams: int = 60, key_results: int = 10_000, seed: int = 7) -> None:
    """Write definitions and one export below `root`.

    Args:
        root: the project's folder.
        teams: how many teams, in three levels.
        key_results: how many of them, shared evenly among the teams.
        seed: the same seed gives the same files.
    """
    chance = random.Random(seed)  # noqa: S311 - a workload, no secret
    each = -(-key_results // teams)
    metrics = _metrics(min(each, COLUMNS * len(WINDOWS)))
    folder = root / "okr_defs"
    _put(folder / "organisation.yaml", _organisation(teams))
    _put(
        folder / "sources/ops.yaml",
        source_of_days(COLUMNS),
    )
    _put(folder / "metrics/ops.yaml", "metrics:\n" + "".join(metrics))
    for team in range(teams):
        _put(
            folder / f"objectives/{CYCLE}/team{team:02}.yaml",
            _objectives(team, each, len(metrics), chance),
        )
    _put(root / "exports/ops.csv", _rows(teams, chance))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _organisation(teams: int) -> str:
    lines = [
        "organisation: Large & Sons",
        "timezone: Europe/Berlin",
        f"cycles: {{{CYCLE}: {{start: {FIRST}, end: {DUE}}}}}",
        f"evaluate: {TODAY}",
        "teams:",
    ]
    for team in range(teams):
        parent = "" if team == 0 else f", parent: team{0 if team < 8 else 1 + team % 7:02}"
        lines.append(
            f"  team{team:02}: {{title: Team {team:02}, lead: lead{team}@large.example{parent}}}"
        )
    lines.append("people:")
    lines += [f"  p{n}@large.example: {{name: Person {n:03}}}" for n in range(_PEOPLE)]
    return "\n".join(lines) + "\n"


_SOURCE = """\
source: ops
connector: files
options: {root: exports}
streams:
  days:
    options: {glob: "*.csv"}
    event_time: day
    fresh_within: 3 days
    load: append
    key: [day, team]
    columns:
      day: date
      team: text
"""


def source_of_days(columns: int) -> str:
    """A source of one stream: a row of whole numbers `m0` … for each day and team."""
    return _SOURCE + "".join(f"      m{n}: integer\n" for n in range(columns))


def _metrics(count: int) -> list[str]:
    return [
        f"  m{n}: {{title: Measure {n}, unit: number, from: ops.days, "
        f"measure: {{sum: m{n % COLUMNS}}}, "
        f"time: day, window: {WINDOWS[n // COLUMNS]}, dimensions: [team]}}\n"
        for n in range(count)
    ]


def _objectives(team: int, each: int, metrics: int, chance: random.Random) -> str:
    lines = [f"cycle: {CYCLE}", f"team: team{team:02}", "objectives:"]
    for first in range(0, each, _KEY_RESULTS_EACH):
        number = first // _KEY_RESULTS_EACH
        lines += [
            f"  goal{number}:",
            f"    title: Goal {number} of team {team:02} that matters to its customers",
            f"    owner: p{chance.randrange(_PEOPLE)}@large.example",
        ]
        if team and number < each // _KEY_RESULTS_EACH:
            up = 0 if team < 8 else 1 + team % 7
            lines.append(f"    supports: {CYCLE}/team{up:02}/goal{number}")
        lines.append("    key_results:")
        for n in range(first, min(first + _KEY_RESULTS_EACH, each)):
            days = (90, 30, 50, 7, 28, 60, 90)[n % metrics // COLUMNS]
            target = int(days * 25 * chance.choice((0.6, 0.9, 1, 1.2, 1.5)))
            lines.append(
                f"      kr{n}: {{title: Measure {n % metrics} of team {team:02} reaches {target}, "
                f"metric: m{n % metrics}, filter: {{team: team{team:02}}}, "
                f"baseline: 0, target: {target}}}"
            )
    return "\n".join(lines) + "\n"


def _rows(teams: int, chance: random.Random) -> str:
    lines = ["day,team," + ",".join(f"m{n}" for n in range(COLUMNS))]
    for step in range((TODAY - FIRST).days + 1):
        day = (FIRST + timedelta(days=step)).isoformat()
        for team in range(teams):
            cells = ",".join(str(chance.randrange(0, 40)) for _ in range(COLUMNS))
            lines.append(f"{day},team{team:02},{cells}")
    return "\n".join(lines) + "\n"


def run(root: Path) -> None:
    """Score the project a week ago and today, so that there is something to compare."""
    project = open_project(root, check_sql=False)
    try:
        for day in (TODAY - A_WEEK, TODAY):
            run_all(project, day)
    finally:
        project.close()


def main() -> None:
    """Write and run a large project in a folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--teams", type=int, default=60)
    parser.add_argument("--key-results", type=int, default=10_000)
    given = parser.parse_args()
    write(given.folder, given.teams, given.key_results)
    run(given.folder)


if __name__ == "__main__":
    main()
