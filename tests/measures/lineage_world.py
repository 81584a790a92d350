"""Two streams, models that use every clause, and DuckDB to see what a column's change moves."""

from __future__ import annotations

import random
from datetime import date, timedelta
from functools import cache
from itertools import chain

import duckdb

from scoreline.core.model import (
    Aggregate,
    Column,
    ColumnType,
    Cycle,
    Metric,
    Model,
    Organisation,
    Plan,
    Source,
    Stream,
    Unit,
    Window,
)
from scoreline.measures.allowlist import check_model, sql_text

KINDS = {"id": "integer", "agent": "text", "stage": "text", "value": "integer", "day": "date"}
DEALS = tuple(Column(n, ColumnType(k)) for n, k in {**KINDS, "Region": "text"}.items())  # type: ignore[arg-type]
AGENTS = tuple(
    Column(n, ColumnType(k))  # type: ignore[arg-type]
    for n, k in {"agent": "text", "team": "text", "active": "boolean", "level": "integer"}.items()
)
READS = ("crm.agents", "crm.deals")
MODELS = {
    "plain": "select value as v, stage from crm.deals where region = 'r1'",
    "star": "select d.* exclude (stage), d.value as v from crm.deals d",
    "joined": "select d.value as v, a.team from crm.deals d join crm.agents a using (agent)",
    "outer_joined": "select d.value as v, d.day from crm.agents a left join crm.deals d "
    "on d.agent = a.agent and d.stage = 'won' where a.active",
    "grouped": "select agent, sum(value) as v, max(day) as last from crm.deals group by agent",
    "having_rows": "select region, count(*) as v from crm.deals group by all having min(value) > 3",
    "best": "select id, value as v from crm.deals "
    "qualify row_number() over (partition by agent order by day desc, id) = 1",
    "ranked": "select rank() over (partition by region order by day) as v, id from crm.deals",
    "cases": "select case when stage = 'won' then value else length(agent) end as v from crm.deals",
    "simple_case": "select case stage when 'won' then 2 else 1 end as v from crm.deals",
    "filtered": "select sum(value) filter (where stage = 'won') as v from crm.deals",
    "arg": "select arg_max(value, day * 1000 + id) as v from "
    "(select value, id, cast(date_diff('day', date '2026-01-01', day) as integer) as day from crm.deals)",
    "distinct_rows": "select distinct agent, length(stage) as v from crm.deals",
    "cut": "select value as v from crm.deals order by day, id limit 7",
    "in_query": "select value as v from crm.deals where agent in "
    "(select agent from crm.agents where team = 't1')",
    "exists_query": "select value as v from crm.deals d where exists "
    "(select 1 from crm.agents a where a.agent = d.agent and a.level > 1)",
    "scalar_query": "select value + (select max(level) from crm.agents where active) as v from crm.deals",
    "united": "select value as v from crm.deals union select level from crm.agents",
    "stacked": "select value as v from crm.deals union all select level from crm.agents where active",
    "excepted": "select value as v from crm.deals except select level from crm.agents",
    "staged": "with w as (select agent, value, stage from crm.deals), "
    "x as (select w.agent, w.value * a.level as v from w join crm.agents a on a.agent = w.agent "
    "where w.stage <> 'lost') select v from x",
    "listed": "select string_agg(agent, ',' order by day, id) as t, count(*) as v from crm.deals group by stage",
    "ones": "select t.a as v from (values (1), (2)) as t(a), crm.agents where active",
    "from_model": "select v + 1 as v from models.joined where team <> 't2'",
}
"""Each has a column `v` of whole numbers."""


def plan() -> Plan:
    """The streams, a model each, and two metrics over every model."""
    deals = Stream("deals", "crm", DEALS, ("id",), "merge", version_by="day", event_time="day")
    agents = Stream("agents", "crm", AGENTS, (), "replace")
    models = {
        f"models.{name}": Model(name, sql, READS if name != "from_model" else ("models.joined",))
        for name, sql in MODELS.items()
    }
    metrics = {}
    for name in MODELS:
        for kind, column in (("sum", "v"), ("count", None)):
            metrics[f"{kind}_{name}"] = _metric(f"{kind}_{name}", f"models.{name}", kind, column)
    cycle = Cycle("c", date(2026, 1, 1), date(2026, 6, 30))
    organisation = Organisation("Acme", "UTC", {"c": cycle}, {})
    source = Source("crm", "files", (deals, agents))
    return Plan(organisation, {"crm": source}, models, metrics)


def _metric(name: str, relation: str, kind: str, column: str | None) -> Metric:
    measure = Aggregate(kind, column)  # type: ignore[arg-type]
    unit = Unit("number")
    return Metric(name, name, unit, "x.yaml", from_=relation, measure=measure, window=Window("all"))


Rows = dict[str, list[list[object]]]


def rows(seed: int) -> Rows:
    """Random contents of the two streams, with ties and repeats."""
    chance = random.Random(seed)
    deals: list[list[object]] = [
        [
            number,
            f"a{chance.randrange(5)}",
            chance.choice(["won", "lost", "open"]),
            chance.randrange(1, 12),
            date(2026, 1, 1) + timedelta(days=chance.randrange(9)),
            f"r{chance.randrange(3)}",
        ]
        for number in range(14)
    ]
    agents: list[list[object]] = [
        [f"a{n}", f"t{chance.randrange(3)}", chance.random() < 0.6, chance.randrange(4)]
        for n in range(5)
    ]
    return {"deals": deals, "agents": agents}


def changed(contents: Rows, table: str, column: int, seed: int) -> Rows:
    """The contents with one column's values dealt out anew (the key stays a key)."""
    values = [row[column] for row in contents[table]]
    random.Random(seed).shuffle(values)
    mixed = [
        [*r[:column], v, *r[column + 1 :]] for r, v in zip(contents[table], values, strict=True)
    ]
    return {**contents, table: mixed}


@cache
def _query(name: str) -> str:
    reads = READS if name != "from_model" else ("models.joined",)
    return sql_text(check_model(MODELS[name], reads))


def answers(contents: Rows) -> dict[str, object]:
    """The sum of `v` and the number of rows of every model, by the metric's name."""
    found: dict[str, object] = {}
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA crm; CREATE SCHEMA models; SET threads = 1")
        connection.execute(
            "CREATE TABLE crm.deals (id BIGINT, agent VARCHAR, stage VARCHAR, value BIGINT, "
            'day DATE, "Region" VARCHAR)'
        )
        connection.execute(
            "CREATE TABLE crm.agents (agent VARCHAR, team VARCHAR, active BOOLEAN, level BIGINT)"
        )
        for table, filled in contents.items():
            row = "(" + ", ".join("?" for _ in filled[0]) + ")"
            values = ", ".join(row for _ in filled)
            connection.execute(
                f"INSERT INTO crm.{table} VALUES {values}", list(chain.from_iterable(filled))
            )
        for name in MODELS:
            connection.execute(f"CREATE VIEW models.{name} AS {_query(name)}")
            [(total, count)] = connection.execute(
                f"SELECT sum(v), count(*) FROM models.{name}"
            ).fetchall()
            found[f"sum_{name}"], found[f"count_{name}"] = total, count
    return found
