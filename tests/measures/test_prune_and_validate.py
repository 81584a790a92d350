"""Finding what is wrong with a plan's SQL, and taking it out with what depends on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import measure_worlds as w

from scoreline.core.errors import Place
from scoreline.core.model import Aggregate, KeyResult, Metric, Model, Objective, Plan, Ratio, Reach
from scoreline.measures.allowed import validate
from scoreline.measures.prune import prune

HERE = Place("okr_defs/metrics/x.yaml", 7, 3)
TYPES = {
    "models.m": {
        "team": "VARCHAR",
        "level": "INTEGER",
        "at": "TIMESTAMP WITH TIME ZONE",
        "mean": "DOUBLE",
        "note": "VARCHAR",
    }
}


def over_model(name: str, measure: Aggregate | Ratio, time: str | None = "at") -> Metric:
    """A metric over the model `m`."""
    found = w.metric(name, measure, time=time)
    return replace(found, from_="models.m", place=HERE)


def plan_of(*metrics: Metric, sql: str = "select * from lms.results") -> Plan:
    """A plan with the models `m` and `n` (over `m`) and a key result for each metric."""
    key_results = tuple(
        KeyResult(
            f"2026-H2/x/o/{m.name}",
            m.name,
            Reach(Decimal(0), Decimal(1)),
            date(2026, 7, 1),
            date(2026, 12, 31),
            "o.yaml",
            metric=m.name,
        )
        for m in metrics
    )
    objective = Objective("2026-H2/x/o", "2026-H2", "x", "O", "o.yaml", key_results)
    models = {
        "models.m": Model("m", sql, ("lms.results",), HERE),
        "models.n": Model("n", "select * from models.m", ("models.m",)),
    }
    return w.world(metrics=metrics, models=models, objectives={objective.id: objective})


def test_every_mistake_is_reported_at_once_with_its_place_and_scope() -> None:
    """A bad model and two bad wheres are three errors, at the objects' places."""
    bad = Ratio(Aggregate("count", None, "now() > done_at"), Aggregate("count"), "nobody = 1")
    metric = replace(w.metric("r", bad), place=HERE)
    found = validate(plan_of(metric, sql="select random() from lms.results"))
    assert [(p.code, p.scope) for p in found] == [
        ("model-not-allowed", "model m"),
        ("where-not-allowed", "metric r"),
        ("where-not-allowed", "metric r"),
    ]
    assert {p.place for p in found} == {HERE}
    assert found[1].found == "now() > done_at"
    assert "clock" in found[1].message
    assert "nobody" in found[2].message


def test_a_good_plan_has_no_problems() -> None:
    """Every measure of the tests' world passes."""
    assert validate(plan_of(*w.every_metric())) == []


def test_a_models_columns_are_checked_once_they_are_known() -> None:
    """Unknown columns, floating point and a time that is no time are errors of the metric."""
    metrics = [
        over_model("typo", Aggregate("sum", "levle")),
        over_model("double", Aggregate("sum", "mean")),
        over_model("when", Aggregate("count"), time="note"),
        over_model("where", Aggregate("count", None, "nobody = 1")),
        over_model("good", Aggregate("max", "level", "note = 'x'")),
    ]
    plan = plan_of(*metrics)
    assert validate(plan) == []
    found = {p.scope: p for p in validate(plan, TYPES)}
    assert set(found) == {"metric typo", "metric double", "metric when", "metric where"}
    assert (found["metric typo"].code, found["metric typo"].found) == ("unknown-column", "levle")
    assert found["metric typo"].legal.startswith("level")
    assert "DOUBLE" in found["metric double"].message
    assert "DECIMAL" in found["metric double"].hint
    assert found["metric when"].found == "note"


def test_an_average_inside_a_ratio_is_refused() -> None:
    """It would have two denominators."""
    ratio = Ratio(Aggregate("average", "score"), Aggregate("count"))
    (problem,) = validate(plan_of(w.metric("r", ratio)))
    assert problem.code == "average-in-ratio"


def test_pruning_a_model_takes_out_all_that_stands_on_it() -> None:
    """Models over it, their metrics and what derives from those go; key results stay."""
    on_n = replace(w.metric("on_n", Aggregate("count")), from_="models.n")
    apart = w.metric("apart", Aggregate("count"))
    derived = w.metric("derived", derived="on_n / apart")
    plan = prune(plan_of(on_n, apart, derived), ["model m", "2026-H2/x/o/other"])
    assert list(plan.models) == []
    assert list(plan.metrics) == ["apart"]
    broken = {k.metric: k.broken for k in plan.key_results.values()}
    assert broken == {
        "on_n": "model m is in error (models.n reads it)",
        "apart": None,
        "derived": "model m is in error (models.n reads it)",
    }


def test_pruning_a_metric_leaves_the_others_as_they_were() -> None:
    """Only the metric and its key results change; nothing to prune changes nothing."""
    plan = plan_of(w.metric("a", Aggregate("count")), w.metric("b", Aggregate("count")))
    pruned = prune(plan, ["metric a"])
    assert list(pruned.metrics) == ["b"]
    assert pruned.key_results["2026-H2/x/o/a"].broken == "metric a is in error"
    assert pruned.key_results["2026-H2/x/o/b"] == plan.key_results["2026-H2/x/o/b"]
    assert prune(plan, []) is plan


def test_a_model_over_known_types_shares_groupings_and_counts_the_same() -> None:
    """With or without its columns' types, a model gives the same series."""
    metric = over_model("x", Aggregate("count", None, "note = 'x' and level > 1"))
    plan = plan_of(metric)
    request = w.request(plan, "x", w.span(date(2026, 7, 1), date(2026, 7, 9)), (("level", ("2",)),))
    texts = []
    for types in (None, TYPES):
        database = w.Database.open("UTC")
        database.connection.execute(
            'CREATE TABLE models.m (team VARCHAR, level INTEGER, "at" TIMESTAMPTZ, note VARCHAR)'
        )
        database.connection.execute(
            "INSERT INTO models.m SELECT 'red', i % 4, TIMESTAMPTZ '2026-07-01 00:00:00+00' + "
            "INTERVAL (i) HOUR, ['x', 'y', NULL][1 + i % 3] FROM range(300) t(i)"
        )
        compiled = w.compile_series(plan, [request], types)
        texts.append(database.run(compiled)[request.id].text)
    assert texts[0] == texts[1]
    assert texts[0].count("\n") > 5
