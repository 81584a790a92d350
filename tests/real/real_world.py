"""Projects over real exports, and the exact numbers that a project gives for a day.

What belongs here: writing the definitions that every such project needs, reading exports
with `csv`, and reading scores as fractions. What does not: any answer (each test computes
its own from the export).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from flow_builders import Small

from scoreline.steps.reports import RunReport, StreamReport
from scoreline.steps.status import standing

Exact = tuple[Fraction | None, Fraction | None, Fraction | None]
"""Value, numerator and denominator, as scored."""


def project(folder: Path, gx: Any, cycle: str, start: str, end: str, zone: str) -> Small:
    """An organisation with one team and one cycle, with its validator."""
    small = Small(folder, validator=gx)
    small.write(
        "okr_defs/organisation.yaml",
        f"organisation: Real\ntimezone: {zone}\n"
        f"cycles:\n  {cycle}: {{start: {start}, end: {end}}}\n"
        "teams:\n  all: {lead: ann@acme.example}\n",
    )
    return small


def score_all(small: Small, cycle: str, wanted: Mapping[str, tuple[str, str]]) -> None:
    """One key result for each name: its metric, and its filter as YAML (empty: none)."""
    lines = [f"cycle: {cycle}", "team: all", "objectives:", "  o:", "    title: O"]
    lines += ["    key_results:"]
    for name, (metric, chosen) in wanted.items():
        where = f", filter: {chosen}" if chosen else ""
        lines.append(
            f"      {name}: {{title: T, metric: {metric}, baseline: 0, target: 100{where}}}"
        )
    small.write(f"okr_defs/objectives/{cycle}/all.yaml", "\n".join(lines) + "\n")


def streams(report: RunReport) -> dict[str, StreamReport]:
    """What a run did to each stream, by its full name."""
    return {n: s for r in report.sources.values() for n, s in r.streams.items()}


def exact(small: Small, day: str) -> dict[str, Exact]:
    """The exact value, numerator and denominator of every key result, by its last name."""
    with small.open() as opened:
        found = standing(opened, date.fromisoformat(day)).key_results
    return {
        k.id.rsplit("/", 1)[1]: (k.score.value, k.score.numerator, k.score.denominator)
        for k in found
    }


def plain(number: Fraction | int) -> Exact:
    """What a count or a sum is scored as: a value, over no denominator."""
    return Fraction(number), Fraction(number), None


def over(numerator: Fraction | int, denominator: Fraction | int, factor: int = 1) -> Exact:
    """What a quotient is scored as; a share's value is a hundred times its quotient."""
    return factor * Fraction(numerator) / denominator, Fraction(numerator), Fraction(denominator)


def table(path: Path) -> list[dict[str, str]]:
    """The rows of an export by its header, as `csv` reads them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, rows: Iterable[Mapping[str, str]], header: Sequence[str]) -> Path:
    """An export with these columns; a row's other cells are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
