"""Why a score over an SQL model moved: its rows that came and went, and the received rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.steps.why import Why, why

SOURCE = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals.csv"}
    columns: {id: text, seller: text, amount: integer, won: date}
    key: [id]
    load: merge
    event_time: won
  sellers:
    options: {glob: "sellers.csv"}
    columns: {name: text, region: text}
    key: [name]
    load: replace
"""
BIG = """\
SELECT d.id, d.won, d.amount, s.region
FROM crm.deals AS d JOIN crm.sellers AS s ON s.name = d.seller
WHERE d.amount >= 100
"""
WEEKS = """\
SELECT date_trunc('month', won) AS month, max(won) AS won, sum(amount) AS amount
FROM crm.deals GROUP BY ALL
"""
METRICS = """\
metrics:
  big: {title: B, unit: number, from: models.big, measure: {sum: amount}, time: won, window: cycle, dimensions: [region]}
  share: {title: S, unit: number, from: models.big, measure: {average: amount}, time: won, window: cycle}
  monthly: {title: W, unit: number, from: models.weeks, measure: {sum: amount}, time: won, window: cycle}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: a@b.example
    key_results:
      big: {title: B, metric: big, baseline: 0, target: 5000}
      share: {title: S, metric: share, baseline: 0, target: 5000}
      monthly: {title: W, metric: monthly, baseline: 0, target: 5000}
"""
HEAD = "id,seller,amount,won\n"
FIRST = "a,ann,500,2026-08-01\nb,bob,300,2026-08-01\nc,ann,50,2026-08-01\n"
LATER = "a,ann,700,2026-08-01\nb,bob,300,2026-08-01\nc,ann,50,2026-08-01\nd,bob,900,2026-08-02\n"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Two runs: a deal of 500 is 700 now, one of 900 is new, a seller moved to the north."""
    small = Small(tmp_path_factory.mktemp("moved"))
    small.define(
        organisation=ORGANISATION,
        sources__crm=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    small.write("okr_defs/models/big.sql", BIG)
    small.write("okr_defs/models/weeks.sql", WEEKS)
    small.clock.moment = datetime(2026, 8, 2, 6, tzinfo=UTC)
    small.write("data/deals.csv", HEAD + FIRST)
    small.write("data/sellers.csv", "name,region\nann,south\nbob,south\n")
    small.run()
    small.clock.moment = datetime(2026, 8, 3, 6, tzinfo=UTC)
    small.write("data/deals.csv", HEAD + LATER)
    small.write("data/sellers.csv", "name,region\nann,south\nbob,north\n")
    assert not small.run().failed
    return small


def asked(small: Small, name: str) -> Why:
    with small.open() as project:
        kr = project.plan.key_results[f"2026-H2/learning/o/{name}"]
        return why(project, kr, date(2026, 8, 1), None)


@pytest.mark.parametrize("name", ["big", "share", "monthly"])
def test_rows_of_each_step_are_what_the_step_adds(moved: Small, name: str) -> None:
    """What a model's rows that came and went add is, step by step, exactly what the step adds."""
    found = asked(moved, name)
    assert found.value
    assert {s.kind for s in found.steps if s.value} == {"added", "changed"}
    for step in found.steps:
        assert step.rows is not None
        assert sum((r.to_value or 0 for r in step.rows.rows), Fraction(0)) == step.value


def test_rows_name_the_received_rows(moved: Small) -> None:
    """A new deal is one row that came; a changed one went and came; each names both its files."""
    steps = {s.kind: s.rows for s in asked(moved, "big").steps}
    added, changed = steps["added"], steps["changed"]
    assert added is not None
    assert changed is not None
    [new] = added.rows
    assert (new.kind, new.key["id"], new.numerator) == ("came", "d", 900)
    assert ("crm.deals", 4) in {(o.stream, o.row) for o in new.origins}
    of_a = {(r.kind, r.numerator) for r in changed.rows if r.key["id"] == "a"}
    assert of_a == {("gone", -500), ("came", 700)}
    of_b = {(r.kind, r.key["region"], r.numerator) for r in changed.rows if r.key["id"] == "b"}
    assert of_b == {("gone", "south", -300), ("came", "north", 300)}
    assert {o.stream for r in changed.rows for o in r.origins} == {"crm.deals", "crm.sellers"}
    assert {(s.dimension, s.value, s.numerator) for s in changed.segments} == {
        ("region", "north", 1200),
        ("region", "south", -1000),
    }


def test_a_group_names_the_rows_that_are_new_in_it(moved: Small) -> None:
    """A sum by month that grew names the received rows that made it grow, of all its rows."""
    steps = {s.kind: s.rows for s in asked(moved, "monthly").steps}
    assert steps["added"] is not None
    [came] = [r for r in steps["added"].rows if r.kind == "came"]
    assert came.sources == 4
    assert {(o.object, o.row) for o in came.origins} == {("deals.csv", 4)}
