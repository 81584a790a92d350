"""Metrics of dbt's semantic layer become drafts of ours; what is lost is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scoreline.cli.main import app
from scoreline.core.errors import UsageError
from scoreline.core.model import Aggregate, Plan
from scoreline.definitions.project import load_project
from scoreline.workbench.metricflow import import_metricflow

MODELS = """\
semantic_models:
  - name: orders
    description: Orders of the shop
    model: ref('fct_orders')
    defaults: {agg_time_dimension: ordered_at}
    entities:
      - {name: order_id, type: primary}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_at, type: time, type_params: {time_granularity: day}, expr: placed_at}
      - {name: status, type: categorical}
      - {name: is_food, type: categorical, expr: food}
      - {name: big, type: categorical, expr: "amount > 100"}
    measures:
      - {name: order_total, agg: sum, expr: amount, description: What customers paid}
      - {name: order_count, agg: count, expr: "1", create_metric: true}
      - {name: customers, agg: count_distinct, expr: customer_id}
      - {name: paid_total, agg: sum, expr: "case when status = 'paid' then amount else 0 end"}
      - {name: food_orders, agg: sum_boolean, expr: food}
      - {name: median_order, agg: median, expr: amount}
      - {name: net, agg: sum, expr: amount - tax}
"""
METRICS = """\
metrics:
  - name: revenue
    label: Revenue
    description: |
      What customers paid,
      tax included.
    type: simple
    type_params: {measure: {name: order_total, fill_nulls_with: 0}}
    config: {meta: {owner: ann@acme.example}}
  - name: paid
    label: Paid
    type: simple
    type_params: {measure: paid_total}
  - name: food
    label: Food
    type: simple
    type_params: {measure: food_orders}
    filter: |
      {{ Dimension('order_id__status') }} = 'paid' or {{ Dimension('order_id__status') }} = 'sent'
  - name: buyers
    label: Buyers
    type: simple
    type_params: {measure: customers}
  - name: average_order
    label: Average order
    type: ratio
    type_params:
      numerator: revenue
      denominator: {name: order_count, filter: "{{ Dimension('order_id__is_food') }}"}
  - name: growth
    label: Growth
    type: derived
    type_params:
      expr: (now - before) / before
      metrics:
        - {name: revenue, alias: now}
        - {name: revenue, alias: before, offset_window: 1 month}
  - name: revenue_to_date
    label: Revenue of the month so far
    type: cumulative
    type_params: {measure: order_total, cumulative_type_params: {grain_to_date: month}}
  - name: revenue_of_weeks
    label: Revenue of four weeks
    type: cumulative
    type_params: {measure: order_total, window: 4 weeks}
  - name: revenue_ever
    label: Revenue ever
    type: cumulative
    type_params: {measure: order_total}
  - {name: middle, label: Middle, type: simple, type_params: {measure: median_order}}
  - {name: earned, label: Earned, type: simple, type_params: {measure: net}}
  - name: margin
    label: Margin
    type: derived
    type_params: {expr: earned / revenue, metrics: [earned, revenue]}
  - name: signups_to_orders
    label: Conversion
    type: conversion
    type_params: {conversion_type_params: {base_measure: order_count}}
  - name: elsewhere
    label: By country
    type: simple
    type_params: {measure: order_total}
    filter: "{{ Dimension('customer__country') }} = 'DE'"
  - name: safe
    label: Safe
    type: derived
    type_params: {expr: "revenue / nullif(paid, 0)", metrics: [revenue, paid]}
"""
SHOP = """\
source: shop
connector: files
streams:
  fct_orders:
    options: {glob: "*.csv"}
    key: order_id
    load: merge
    columns:
      {order_id: text, customer_id: text, placed_at: date, status: text, food: boolean, amount: "decimal(9,2)"}
"""
ORGANISATION = """\
organisation: Shop
timezone: UTC
cycles: {c: {start: 2026-01-01, end: 2026-12-31}}
teams: {t: {}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the stream that dbt's model stands for, and the draft written into it."""
    root = tmp_path_factory.mktemp("shop")
    for name in ("sources", "metrics"):
        (root / "okr_defs" / name).mkdir(parents=True)
    (root / "okr_defs/organisation.yaml").write_text(ORGANISATION)
    (root / "okr_defs/sources/shop.yaml").write_text(SHOP)
    (root / "dbt.yml").write_text(MODELS + METRICS)
    draft = root / "okr_defs/metrics/dbt.yaml"
    call = ["import", "metricflow", str(root / "dbt.yml"), "--project", str(root), "-o", str(draft)]
    done = CliRunner().invoke(app, call, catch_exceptions=False)
    assert done.exit_code == 0
    return root


@pytest.fixture(scope="module")
def plan(project: Path) -> Plan:
    """What the draft means."""
    loading = load_project(project)
    assert loading.problems == ()
    assert loading.plan is not None
    return loading.plan


def test_what_can_be_carried_over_loads(plan: Plan) -> None:
    """The draft loads without a problem, a metric for each that has a counterpart."""
    assert set(plan.metrics) == {
        "order_count", "revenue", "paid", "food", "buyers", "average_order",
        "average_order_denominator", "growth", "revenue_to_date", "revenue_of_weeks", "revenue_ever",
    }  # fmt: skip


def test_measures_and_filters(plan: Plan) -> None:
    """Sums, conditional sums, booleans and distinct counts; names of dbt become columns."""
    measures = {name: metric.measure for name, metric in plan.metrics.items()}
    assert measures["revenue"] == Aggregate("sum", "amount")
    assert measures["paid"] == Aggregate("sum", "amount", "status = 'paid'")
    assert measures["food"] == Aggregate(
        "count", None, "food and (status = 'paid' or status = 'sent')"
    )
    assert measures["buyers"] == Aggregate("count_distinct", "customer_id")
    assert measures["order_count"] == Aggregate("count")
    assert measures["average_order_denominator"] == Aggregate("count", None, "food")
    assert (plan.metrics["revenue"].time, plan.metrics["revenue"].dimensions) == (
        "placed_at", ("status", "food"),
    )  # fmt: skip


def test_formulas_and_windows(plan: Plan) -> None:
    """Ratios and offsets become formulas, cumulative metrics become windows."""
    assert plan.metrics["average_order"].derived == "revenue / average_order_denominator"
    assert plan.metrics["growth"].derived == "(revenue - revenue@-1m) / revenue@-1m"
    windows = {n: str(plan.metrics[n].window) for n in plan.metrics if n.startswith("revenue_")}
    assert windows == {
        "revenue_to_date": "month", "revenue_of_weeks": "trailing 28d", "revenue_ever": "all",
    }  # fmt: skip


def test_what_is_lost_is_said(project: Path) -> None:
    """Each metric without a counterpart stands in a comment with its reason."""
    text = (project / "okr_defs/metrics/dbt.yaml").read_text()
    for name, why in {
        "middle": "agg: median",
        "earned": "make it a column of a model",
        "margin": "made from earned",
        "signups_to_orders": "type conversion",
        "elsewhere": "join in a model",
        "safe": "not plain arithmetic",
    }.items():
        line = next(x for x in text.splitlines() if x.startswith(f"  # {name} is not carried over"))
        assert why in line


def test_an_unknown_model_is_asked_for() -> None:
    """Without a stream or model of that name, the draft asks which one is meant."""
    assert "from: fct_orders  # which stream or model" in import_metricflow(MODELS).text


@pytest.mark.parametrize(
    "text", ["a: [", "models: []", "semantic_models: [{measures: [{agg: sum}]}]", "metrics: 7"]
)
def test_what_is_no_semantic_layer_says_so(text: str) -> None:
    """Anything else is refused in one sentence."""
    with pytest.raises(UsageError):
        import_metricflow(text)
