"""Column lineage: what it lists, and that nothing moves a value that it does not list."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import lineage_world as world
import pytest

from scoreline.core.model import (
    Aggregate,
    Duration,
    Expectation,
    KeyResult,
    Metric,
    Model,
    Plan,
    Ratio,
    Reach,
    Unit,
    Window,
)
from scoreline.measures.lineage import Lineage, SourceColumn, Use

PLAN = world.plan()
LINEAGE = Lineage(PLAN)


def named(name: str, kind: str = "") -> set[str]:
    """The columns that the lineage of `sum_<model>` lists, as `stream.column`."""
    found = LINEAGE.metric(name)
    return {str(use.source).removeprefix("crm.") for use in found if kind in ("", use.kind)}


@pytest.mark.parametrize("seed", range(3))
def test_no_column_outside_the_lineage_moves_a_value(seed: int) -> None:
    """Dealing one column's values out anew moves only metrics whose lineage lists it."""
    contents = world.rows(seed)
    before = world.answers(contents)
    moved = 0
    for table, columns in (("deals", world.DEALS), ("agents", world.AGENTS)):
        for position, column in enumerate(columns):
            after = world.answers(world.changed(contents, table, position, seed))
            source = SourceColumn(f"crm.{table}", column.name)
            for metric, value in after.items():
                if value != before[metric]:
                    moved += 1
                    assert source in {u.source for u in LINEAGE.metric(metric)}, (metric, source)
    assert moved > 25


@pytest.mark.parametrize(
    ("metric", "direct", "indirect"),
    [
        ("sum_plain", {"deals.value"}, {"deals.Region"}),
        ("count_plain", set(), {"deals.Region"}),
        ("sum_joined", {"deals.value"}, {"deals.agent", "agents.agent"}),
        (
            "sum_outer_joined",
            {"deals.value"},
            {"deals.agent", "agents.agent", "deals.stage", "agents.active"},
        ),
        ("sum_grouped", {"deals.value"}, {"deals.agent"}),
        ("count_having_rows", set(), {"deals.Region", "deals.value"}),
        ("sum_best", {"deals.value"}, {"deals.agent"}),
        ("sum_ranked", set(), {"deals.Region"}),
        ("sum_cases", {"deals.value", "deals.agent"}, {"deals.stage"}),
        ("sum_filtered", {"deals.value"}, {"deals.stage"}),
        ("sum_arg", {"deals.value"}, set()),
        ("sum_cut", {"deals.value"}, set()),
        ("sum_in_query", {"deals.value"}, {"deals.agent", "agents.agent", "agents.team"}),
        (
            "sum_exists_query",
            {"deals.value"},
            {"deals.agent", "agents.agent", "agents.level"},
        ),
        ("sum_scalar_query", {"deals.value", "agents.level"}, {"agents.active"}),
        (
            "sum_staged",
            {"deals.value", "agents.level"},
            {"deals.agent", "agents.agent", "deals.stage"},
        ),
        ("sum_ones", set(), {"agents.active"}),
        (
            "sum_from_model",
            {"deals.value"},
            {"deals.agent", "agents.agent", "agents.team"},
        ),
    ],
)
def test_each_clause_is_listed(metric: str, direct: set[str], indirect: set[str]) -> None:
    """Operands are DIRECT; WHERE, JOIN, GROUP BY, windows, CASE conditions are INDIRECT."""
    merged = {"deals.id", "deals.day"}  # the key and version_by of a merge stream
    if metric in ("sum_ones",):
        merged = set()
    assert named(metric, "DIRECT") == direct
    assert named(metric, "INDIRECT") == indirect | merged


def test_measure_parts_are_listed() -> None:
    """Where, time column, key result's filter and freshness decide; the operand goes in."""
    deals = PLAN.streams["crm.deals"]
    checked = replace(
        deals,
        version_by=None,
        fresh_within=Duration(2, "days"),
        expect=(Expectation("expect_column_values_to_not_be_null", {"column": "agent"}),),
    )
    source = replace(PLAN.sources["crm"], streams=(checked,))
    won = Metric(
        "won",
        "Won",
        Unit("number"),
        "x",
        from_="crm.deals",
        measure=Ratio(
            Aggregate("sum", "value", "stage = 'won'"), Aggregate("count"), "length(agent) > 1"
        ),
        time="day",
        dimensions=("Region",),
    )
    double = Metric("double", "D", Unit("number"), "x", derived="won * 2 - won@-1m")
    plan = Plan(PLAN.organisation, {"crm": source}, {}, {"won": won, "double": double})
    kr = KeyResult(
        "c/t/o/k",
        "K",
        Reach(baseline=Decimal(0), target=Decimal(1)),
        PLAN.organisation.cycles["c"].start,
        PLAN.organisation.cycles["c"].end,
        "x",
        metric="double",
        filter=(("Region", ("r1",)),),
    )
    found = {
        (use.source.column, use.kind, use.how, use.place) for use in Lineage(plan).key_result(kr)
    }
    assert found == {
        ("value", "DIRECT", "AGGREGATION", "crm.deals"),
        ("stage", "INDIRECT", "FILTER", "metric won: where"),
        ("agent", "INDIRECT", "FILTER", "metric won: where"),
        ("agent", "INDIRECT", "FILTER", "crm.deals: expect"),
        ("day", "INDIRECT", "FILTER", "metric won: window"),
        ("day", "INDIRECT", "FILTER", "crm.deals: fresh_within"),
        ("Region", "INDIRECT", "FILTER", "metric won: filter"),
        ("id", "INDIRECT", "GROUP_BY", "crm.deals: key"),
    }


def test_a_standing_stream_without_time_has_no_window() -> None:
    """A metric with the window `latest` does not depend on its stream's time column."""
    metric = Metric(
        "n",
        "N",
        Unit("count"),
        "x",
        from_="crm.agents",
        measure=Aggregate("count"),
        time="level",
        window=Window("latest"),
    )
    plan = replace(PLAN, metrics={"n": metric})
    assert Lineage(plan).metric("n") == ()


def test_what_cannot_be_taken_apart_depends_on_everything() -> None:
    """A model with an ambiguous name lists every column it could read, never fewer."""
    model = Model(
        "odd",
        "select length(agent) as v from crm.deals, crm.agents",
        world.READS,
    )
    metric = Metric(
        "m", "M", Unit("number"), "x", from_="models.odd", measure=Aggregate("sum", "v")
    )
    plan = replace(PLAN, models={"models.odd": model}, metrics={"m": metric})
    found = {use.source for use in Lineage(plan).metric("m")}
    assert found >= {SourceColumn("crm.deals", "agent"), SourceColumn("crm.agents", "agent")}


def test_a_dropped_column_is_never_listed() -> None:
    """`select *` over a stream does not name a column that is dropped on landing."""
    columns = tuple(replace(c, personal="drop") if c.name == "agent" else c for c in world.DEALS)
    deals = replace(PLAN.streams["crm.deals"], columns=columns)
    model = Model("all", "select distinct *, value as v from crm.deals", ("crm.deals",))
    metric = Metric(
        "m", "M", Unit("number"), "x", from_="models.all", measure=Aggregate("sum", "v")
    )
    source = replace(PLAN.sources["crm"], streams=(deals,))
    plan = Plan(PLAN.organisation, {"crm": source}, {"models.all": model}, {"m": metric})
    found = Lineage(plan).metric("m")
    assert {use.source.column for use in found} == {"id", "stage", "value", "day", "Region"}
    assert all(isinstance(use, Use) for use in found)
