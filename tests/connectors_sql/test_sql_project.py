"""A project on a database, through the product's own steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fakes import PassingValidator
from sql_world import World

from scoreline.core.records import Batch
from scoreline.steps.project import Project
from scoreline.steps.run import run_all
from scoreline.steps.status import key_result_json, standing
from scoreline.wiring import open_project

DAY = date(2026, 11, 21)
FILES = {
    "organisation": """\
organisation: Test
timezone: Europe/Berlin
cycles:
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
teams:
  sales: {lead: tom@acme.example}
people: {}
""",
    "sources/shop": """\
source: shop
connector: sql
options:
  url: "${env:SHOP_URL}"
  password: "${env:SHOP_PASSWORD}"
streams:
  orders:
    options: {table: orders, overlap: 2h}
    columns:
      id: integer
      amount: "decimal(20,2)"
      placed_on: date
      changed_at: {type: timestamp, timezone: UTC}
    key: [id]
    load: merge
    version_by: changed_at
    cursor: changed_at
    event_time: placed_on
""",
    "metrics/sales": """\
metrics:
  revenue:
    title: Revenue
    owner: tom@acme.example
    unit: number
    from: shop.orders
    measure: {sum: amount}
    window: cycle
""",
    "objectives/2026-H2/sales": """\
cycle: 2026-H2
team: sales
objectives:
  grow:
    title: Grow
    owner: tom@acme.example
    key_results:
      revenue: {title: Revenue, metric: revenue, baseline: 0, target: 1000000}
""",
}


@contextmanager
def opened(world: World) -> Iterator[Project]:
    root = world.work.parent
    for name, text in FILES.items():
        path = root / "okr_defs" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    now = datetime(2026, 11, 22, 6, tzinfo=UTC)
    project = open_project(root, validator=PassingValidator(), clock=lambda: now)
    try:
        yield project
    finally:
        project.store.close()


def run(world: World) -> tuple[str, list[Batch]]:
    """The revenue after a run, and the batches so far."""
    with opened(world) as project:
        report = run_all(project, DAY)
        assert not report.problems
        (found,) = standing(project, DAY).key_results
        return str(key_result_json(found)["value"]), project.store.batches()


def test_scores_follow_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """New, late, changed and unchanged rows: the value is the database's own sum each time,
    a run without news receives nothing, and the password is written nowhere.
    """
    monkeypatch.setenv("SHOP_URL", world.url)
    monkeypatch.setenv("SHOP_PASSWORD", world.password or "")
    kind = {"sqlite": "text", "postgresql": "timestamp", "mariadb": "datetime"}[world.backend]
    world.run(
        "CREATE TABLE orders (id integer PRIMARY KEY, amount numeric(20,2), placed_on date,"
        f" changed_at {kind})"
    )
    columns = "id, amount, placed_on, changed_at"
    rows = [(n, f"{n}.10", "2026-11-01", f"2026-11-20 10:00:{n:02}") for n in range(1, 11)]
    world.insert("orders", columns, rows)
    value, batches = run(world)
    assert (float(value), len(batches)) == (56.0, 1)
    assert run(world) == (value, batches)
    world.insert("orders", columns, [(11, "100.00", "2026-11-02", "2026-11-20 09:00:00")])
    world.run("UPDATE orders SET amount = 0 WHERE id = 10")
    value, batches = run(world)
    assert (float(value), len(batches)) == (145.9, 2)
    world.run("UPDATE orders SET amount = 1, changed_at = '2026-11-20 11:00:00' WHERE id = 1")
    value, batches = run(world)
    assert (float(value), len(batches)) == (145.8, 3)
    assert run(world) == (value, batches)
    if world.password:
        assert_nowhere(world.password, world.work.parent)


def assert_nowhere(secret: str, folder: Path) -> None:
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert len(files) > 5
    assert [p for p in files if secret.encode() in p.read_bytes()] == []
