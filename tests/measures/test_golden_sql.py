"""The text of the SQL, kept in tests/measures/golden and reviewed when it changes."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import measure_worlds as w
import pytest

from scoreline.measures.series import compile_series, sql_of
from scoreline.measures.single import part_sql

GOLDEN = Path(__file__).parent / "golden"
DAYS = w.span(date(2026, 7, 1), date(2026, 12, 31))
RED = (("team", ("red",)),)
METRICS = [
    w.metric("learners", w.MEASURES["learners"]),
    w.metric("recent", w.MEASURES["learners"], w.Window("trailing", days=30)),
    w.metric("rows", w.MEASURES["rows"], w.Window("month")),
    w.metric("scored", w.MEASURES["scored"]),
    w.metric("total", w.MEASURES["total"], w.Window("last", period="quarter")),
    w.metric("least", w.MEASURES["least"]),
    w.metric("mean", w.MEASURES["mean"]),
    w.metric("share", w.MEASURES["share"]),
    w.metric("open", w.MEASURES["rows"], w.Window("latest")),
    w.metric("growth", None, derived="total / total@-1y - 1"),
]
CASES = {
    "count_by_filter": ["rows"],
    "distinct_in_cycle": ["learners"],
    "distinct_trailing": ["recent"],
    "minimum": ["least"],
    "average": ["mean"],
    "ratio": ["share"],
    "latest_with_history": ["open"],
    "fused": ["rows", "scored", "total", "mean"],
}


def golden(name: str, text: str) -> None:
    """Compare with the file of that name; SCORELINE_GOLDEN=write writes it instead."""
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("SCORELINE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", CASES)
def test_statements_are_the_reviewed_ones(name: str) -> None:
    """The fused SQL of each kind of measure changes only where its file is changed too."""
    plan = w.world("Europe/Berlin", METRICS, history=True)
    requests = [w.request(plan, n, DAYS, f) for n in CASES[name] for f in ((), RED)]
    (statement,) = compile_series(plan, requests).statements
    golden(f"series_{name}", statement.sql)


@pytest.mark.parametrize("name", [m.name for m in METRICS])
def test_explanations_are_the_reviewed_ones(name: str) -> None:
    """The readable SQL of a metric changes only where its file is changed too."""
    plan = w.world("Europe/Berlin", METRICS, history=True)
    golden(f"explain_{name}", sql_of(plan, name, RED, "2026-H2"))


@pytest.mark.parametrize("window", ["cycle", "all"])
def test_the_readable_sql_computes_the_same_number(window: str) -> None:
    """One day's SQL for people and the fused series agree on every measure."""
    kind = w.Window("cycle") if window == "cycle" else w.Window("all")
    metrics = [w.metric(name, measure, kind) for name, measure in w.MEASURES.items()]
    plan = w.world("Europe/Berlin", metrics)
    rows = [
        w.row(
            learner="abc"[i % 3],
            team=["red", "blue", None][i % 3],
            level=i % 4,
            course="AB"[i % 2],
            score=w.decimal(f"{i * 7 % 100}.25"),
            done_at=w.instant(f"2026-{6 + i % 3:02}-{1 + i:02}T22:30"),
        )
        for i in range(20)
    ]
    database = w.Database.open("Europe/Berlin")
    database.fill(rows)
    day = date(2026, 8, 9)
    for metric in metrics:
        request = w.request(plan, metric.name, [day], RED)
        value = database.run(compile_series(plan, [request]))[request.id].at(day)
        parameters = {"first": date(2026, 7, 1), "last": day}
        if window == "all":
            del parameters["first"]
        found = database.connection.execute(part_sql(plan, metric, RED), parameters).fetchone()
        assert found is not None
        shown = None if value is None else [value.numerator, value.denominator]
        below = found[1] if len(found) > 1 else None
        want = None if found[0] is None or (len(found) > 1 and not found[1]) else [found[0], below]
        assert shown == want, metric.name
