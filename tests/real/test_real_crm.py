"""A year of a sales pipeline (Maven's CRM export): quarters, joins, clean-up."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from flow_builders import Small
from real_crm import PUBLISHED, QUARTER, SOURCE
from real_world import Exact, exact, over, plain, project, score_all, streams, table

from scoreline.quality.gx import GxValidator

STARTS = ["2017-01-01", "2017-04-01", "2017-07-01", "2017-10-01"]
OFFICES = ["Central", "East", "West"]
DAY = "2017-12-31"
LOOKUPS = """\
source: lists
connector: files
options: {{root: "{root}"}}
streams:
  agents:
    options: {{glob: sales_teams.csv}}
    columns:
      sales_agent: text
      manager: text
      regional_office: {{type: text, one_of: [Central, East, West]}}
    key: [sales_agent]
    load: replace
    expect:
      - {{type: expect_column_values_to_be_unique, column: sales_agent}}
  products:
    options: {{glob: products.csv}}
    columns: {{product: text, series: text, sales_price: "decimal(12,2)"}}
    key: [product]
    load: replace
  accounts:
    options: {{glob: accounts.csv}}
    columns:
      account: text
      sector: text
      year_established: integer
      revenue: "decimal(12,2)"
      employees: integer
      office_location: text
      subsidiary_of: text
    key: [account]
    load: replace
"""
WON_BY_OFFICE = """\
select o.close_date, o.close_value, o.deal_stage, a.regional_office
from crm.opportunities as o
join lists.agents as a on a.sales_agent = o.sales_agent
"""
CLEAN = """\
with clean as (
  select
    opportunity_id,
    case when product = 'GTXPro' then 'GTX Pro' else product end as product,
    case when account is null then 'unknown' else account end as account,
    deal_stage,
    close_date,
    close_value
  from crm.opportunities
)
select
  clean.product,
  products.series,
  clean.close_date,
  clean.close_value,
  products.sales_price,
  accounts.sector
from clean
join lists.products as products on products.product = clean.product
left join lists.accounts as accounts on accounts.account = clean.account
where clean.deal_stage = 'Won'
"""
METRICS = f"""\
metrics:
{QUARTER}  won: {{title: W, unit: "currency:USD", from: crm.opportunities, measure: {{sum: close_value, where: "deal_stage = 'Won'"}}, window: cycle}}
  won_deals: {{title: W, unit: count, from: crm.opportunities, measure: {{count: rows, where: "deal_stage = 'Won'"}}, window: cycle}}
  lost_deals: {{title: L, unit: count, from: crm.opportunities, measure: {{count: rows, where: "deal_stage = 'Lost'"}}, window: cycle}}
  opened: {{title: O, unit: count, from: crm.opportunities, measure: {{count: rows}}, time: engage_date, window: all}}
  accounts_won: {{title: A, unit: count, from: crm.opportunities, measure: {{count_distinct: account, where: "deal_stage = 'Won'"}}, window: cycle}}
  win_rate: {{title: R, unit: share, from: crm.opportunities, measure: {{ratio: {{numerator: {{count: rows, where: "deal_stage = 'Won'"}}, denominator: {{count: rows}}}}}}, window: trailing 90d}}
  deal_size: {{title: D, unit: "currency:USD", derived: won / won_deals}}
  mean_deal: {{title: M, unit: "currency:USD", from: crm.opportunities, measure: {{average: close_value, where: "deal_stage = 'Won'"}}, window: cycle, dimensions: [product]}}
  won_by_office: {{title: W, unit: "currency:USD", from: models.won_by_office, measure: {{sum: close_value, where: "deal_stage = 'Won'"}}, time: close_date, window: cycle, dimensions: [regional_office]}}
  won_by_product: {{title: W, unit: "currency:USD", from: models.clean, measure: {{sum: close_value}}, time: close_date, window: cycle, dimensions: [product, series, sector]}}
  over_list: {{title: P, unit: count, from: models.clean, measure: {{count: rows, where: "close_value > sales_price"}}, time: close_date, window: cycle}}
"""
WANTED = {
    **{m: (m, "") for m in ("won_quarter", "won", "won_deals", "lost_deals", "opened")},
    **{m: (m, "") for m in ("accounts_won", "win_rate", "deal_size", "mean_deal", "over_list")},
    **{o: ("won_by_office", f"{{regional_office: {o}}}") for o in OFFICES},
    "central-or-west": ("won_by_office", "{regional_office: [Central, West]}"),
    "gtx-pro": ("won_by_product", "{product: GTX Pro}"),
    "gtxpro": ("won_by_product", "{product: GTXPro}"),
    "gtx-retail": ("won_by_product", "{series: GTX, sector: retail}"),
    "technology": ("won_by_product", "{sector: technolgy}"),
    "mean-special": ("mean_deal", "{product: MG Special}"),
}


@pytest.fixture(scope="module")
def small(maven: Path, gx: GxValidator, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The whole export, run at the end of 2017."""
    made = project(
        tmp_path_factory.mktemp("crm"), gx, "2017", "2017-01-01", "2017-12-31", "America/New_York"
    )
    made.write(
        "okr_defs/sources/crm.yaml",
        SOURCE.format(root=maven, name="sales_pipeline.csv", dates="date"),
    )
    made.write("okr_defs/sources/lists.yaml", LOOKUPS.format(root=maven))
    made.write("okr_defs/models/won_by_office.sql", WON_BY_OFFICE)
    made.write("okr_defs/models/clean.sql", CLEAN)
    made.write("okr_defs/metrics/sales.yaml", METRICS)
    score_all(made, "2017", WANTED)
    report = made.run(DAY)
    assert not report.failed, report
    counts = {name: s.rows_in_stream for name, s in streams(report).items()}
    assert counts == {
        "crm.opportunities": 8_800,
        "lists.agents": 35,
        "lists.products": 7,
        "lists.accounts": 85,
    }
    return made


def won_until(
    deals: list[dict[str, str]], day: str, start: str = "2017-01-01"
) -> list[dict[str, str]]:
    """The deals won between two days, both included (ISO dates order as text)."""
    return [d for d in deals if d["deal_stage"] == "Won" and start <= d["close_date"] <= day]


def revenue(deals: list[dict[str, str]]) -> Fraction:
    """The sum of the deals' values."""
    return sum((Fraction(d["close_value"]) for d in deals), Fraction(0))


@pytest.mark.parametrize("start", STARTS)
def test_won_revenue_of_a_quarter(small: Small, deals: list[dict[str, str]], start: str) -> None:
    """At each quarter's end the quarter's revenue is the published sum, to the dollar."""
    day = dict(zip(STARTS, PUBLISHED, strict=True))[start]
    assert revenue(won_until(deals, day, start)) == PUBLISHED[day]
    assert exact(small, day)["won_quarter"] == plain(PUBLISHED[day])


@pytest.mark.parametrize("day", ["2017-03-06", "2017-08-15", DAY])
def test_deals_counts_and_rates(small: Small, deals: list[dict[str, str]], day: str) -> None:
    """Counts, a distinct count, a trailing rate, a mean and a quotient of two metrics are exact."""
    won = won_until(deals, day)
    lost = [d for d in deals if d["deal_stage"] == "Lost" and d["close_date"] <= day]
    since = date.fromordinal(date.fromisoformat(day).toordinal() - 89).isoformat()
    closed = [d for d in deals if since <= d["close_date"] <= day]
    special = [d for d in won if d["product"] == "MG Special"]
    found = exact(small, day)
    wanted = {
        "won": plain(revenue(won)),
        "won_deals": plain(len(won)),
        "lost_deals": plain(len(lost)),
        "opened": plain(sum(1 for d in deals if "" < d["engage_date"] <= day)),
        "accounts_won": plain(len({d["account"] for d in won if d["account"]})),
        "win_rate": over(sum(d["deal_stage"] == "Won" for d in closed), len(closed), 100),
        "deal_size": over(revenue(won), len(won)),
        "mean_deal": over(revenue(won), len(won)),
        "mean-special": over(revenue(special), len(special)),
    }
    assert {name: found[name] for name in wanted} == wanted


def test_before_the_first_deal_closed(small: Small) -> None:
    """With no deal closed, sums and counts are 0, and means and rates have no value."""
    found = exact(small, "2017-02-28")
    names = ("won_quarter", "won_deals", "lost_deals", "Central")
    assert [found[n] for n in names] == [plain(0)] * 4
    names = ("win_rate", "mean_deal", "deal_size", "mean-special")
    assert [found[n][0] for n in names] == [None] * 4


def test_the_year_has_the_published_counts(small: Small) -> None:
    """4,238 deals were won and 2,473 lost in 2017; 8,300 opportunities were engaged."""
    found = exact(small, DAY)
    names = ("won_deals", "lost_deals", "opened")
    assert [found[n] for n in names] == [plain(4_238), plain(2_473), plain(8_300)]


@pytest.mark.parametrize("day", ["2017-05-31", DAY])
def test_revenue_by_regional_office(
    small: Small, maven: Path, deals: list[dict[str, str]], day: str
) -> None:
    """A model that joins agents to deals splits the revenue by office, and nothing is lost."""
    office = {r["sales_agent"]: r["regional_office"] for r in table(maven / "sales_teams.csv")}
    won = won_until(deals, day)
    wanted = {o: plain(revenue([d for d in won if office[d["sales_agent"]] == o])) for o in OFFICES}
    found = exact(small, day)
    assert {o: found[o] for o in OFFICES} == wanted
    east = wanted["East"][0] or Fraction(0)
    assert found["central-or-west"] == plain(revenue(won) - east)


def test_one_spelling_for_a_product(small: Small, maven: Path, deals: list[dict[str, str]]) -> None:
    """GTXPro counts as GTX Pro, so that its list price and series are found; GTXPro is gone."""
    listed = {r["product"]: r for r in table(maven / "products.csv")}
    sector = {r["account"]: r["sector"] for r in table(maven / "accounts.csv")}
    won = [
        {**d, "product": d["product"].replace("GTXPro", "GTX Pro")} for d in won_until(deals, DAY)
    ]
    found = exact(small, DAY)
    retail = [
        d
        for d in won
        if listed[d["product"]]["series"] == "GTX" and sector.get(d["account"]) == "retail"
    ]
    above = [
        d for d in won if Fraction(d["close_value"]) > int(listed[d["product"]]["sales_price"])
    ]
    wanted: dict[str, Exact] = {
        "gtx-pro": plain(revenue([d for d in won if d["product"] == "GTX Pro"])),
        "gtxpro": plain(0),
        "gtx-retail": plain(revenue(retail)),
        "technology": plain(revenue([d for d in won if sector.get(d["account"]) == "technolgy"])),
        "over_list": plain(len(above)),
    }
    assert {name: found[name] for name in wanted} == wanted
