"""Whether the product and the baseline came to the same values.

What belongs here: reading both results and comparing them. What does not: computing.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb

from bench.workload import Workload


def differences(project: Path, database: Path, workload: Workload, as_of: date) -> list[str]:
    """What differs: each key result's numerator, denominator and status, in words.

    Args:
        project: the product's project, after a run.
        database: the baseline's DuckDB file, after a run over the same files.
        workload: the sizes of both.
        as_of: the day of both.
    """
    ours, theirs = _product(project, as_of), _baseline(database)
    found = []
    for asked in workload.asked():
        mine, other = ours.get(asked.name), theirs.get(asked.name)
        if mine is None or mine != other:
            found.append(f"{asked.name}: the product has {mine}, the baseline {other}")
    return found


Value = tuple[Fraction | None, Fraction | None, str]


def _product(root: Path, as_of: date) -> dict[str, Value]:
    from scoreline.steps.status import key_result_json, standing
    from scoreline.wiring import open_project

    project = open_project(root)
    try:
        rows = [key_result_json(row) for row in standing(project, as_of).key_results]
    finally:
        project.close()
    return {
        str(row["id"]).rsplit("/", 1)[1]: (
            _number(row["numerator"]),
            _number(row["denominator"]),
            str(row["status"]),
        )
        for row in rows
    }


def _number(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _baseline(database: Path) -> dict[str, Value]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "SELECT s.name, s.numerator, CASE WHEN a.kind IN ('score', 'win_rate', 'deal') "
            "THEN s.denominator END, s.status FROM scores AS s JOIN asked AS a USING (name)"
        ).fetchall()
    return {name: (_exact(above), _exact(below), status) for name, above, below, status in rows}


def _exact(number: Decimal | int | None) -> Fraction | None:
    return None if number is None else Fraction(number)
