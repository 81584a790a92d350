"""Rows behind a value: they add up to it, stand in the files, and an oracle agrees."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import count
from pathlib import Path

import drill_world as world
import pytest
from flow_builders import Small

from scoreline.core.exact import Exact
from scoreline.core.formula import evaluate, parse
from scoreline.core.model import Aggregate, Ratio
from scoreline.measures.layout import parts_of
from scoreline.measures.requests import request_id
from scoreline.warehouse.rows_behind import RowBehind, RowsBehind

DAYS = [date(2026, 11, 20), date(2026, 7, 1), date(2026, 9, 30)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The project, run twice, without its warehouse: rows come from stored files."""
    made = world.build(tmp_path_factory.mktemp("drill"), 7)
    (made.root / ".scoreline/warehouse.duckdb").unlink()
    return made


def pages(part: RowsBehind) -> list[RowBehind]:
    """Every row of a part, page by page."""
    found: list[RowBehind] = []
    for number in count(1):
        rows = part.page(number, 17)
        if not rows:
            break
        found += rows
    return found


def added(texts: Sequence[str | None]) -> Fraction:
    return sum((Fraction(t) for t in texts if t is not None), Fraction(0))


def oracle(part: RowsBehind, rows: list[RowBehind]) -> Exact | None:
    """The value again, from the cells of the rows that are listed for each side."""
    if part.query.last is None:  # the day has no window
        return None
    sides: list[Fraction] = []
    for role, aggregate, _ in parts_of(part.query.metric):
        inside = [r for r in rows if getattr(r, role) is not None]
        side = _aggregate(aggregate, part, inside)
        if side is None:
            return None
        sides.append(side)
    if len(sides) == 2 and sides[1] == 0:
        return None
    return Exact(*sides)


def _aggregate(aggregate: Aggregate, part: RowsBehind, rows: list[RowBehind]) -> Fraction | None:
    if aggregate.column is None:
        return Fraction(len(rows))
    at = part.query.columns.index(aggregate.column)
    cells = [row.values[at] for row in rows]
    assert None not in cells
    if aggregate.kind == "count":
        return Fraction(len(cells))
    if aggregate.kind == "count_distinct":
        return Fraction(len(set(cells)))
    numbers = [Fraction(c) for c in cells if c is not None]
    if aggregate.kind == "sum":
        return sum(numbers, Fraction(0))
    if not numbers:
        return None
    return min(numbers) if aggregate.kind == "min" else max(numbers)


@pytest.mark.parametrize("name", world.METRICS)
def test_rows_add_up_to_the_value(small: Small, name: str) -> None:
    """On each day both sides of every part add up, and an oracle over the cells agrees."""
    with small.open() as project:
        for day in DAYS:
            with world.drilled(project, name, day) as (drill, value):
                found: dict[tuple[str, object], Exact | None] = {}
                for part in drill.parts:
                    rows = pages(part)
                    assert len(rows) == part.totals.rows == len({r.n for r in rows})
                    assert added([r.numerator for r in rows]) == Fraction(part.totals.numerator)
                    assert oracle(part, rows) == part.totals.value
                    offset = part.query.offset[0] if part.query.offset else None
                    found[part.query.metric.name, offset] = part.totals.value
                derived = project.plan.metrics[name].derived
                if derived is None:
                    assert next(iter(found.values())) == value
                else:
                    total = evaluate(parse(derived), lambda r, f=found: f[r.metric, r.offset])  # type: ignore[misc]
                    assert total == value


def test_every_row_stands_in_its_file(small: Small) -> None:
    """File and row number of each listed row lead to a line with the same cells."""
    with small.open() as project, world.drilled(project, "total", DAYS[0]) as (drill, _):
        part = drill.parts[0]
        for row in pages(part):
            [origin] = row.origins
            line = world.read(small.root / "data" / origin.object)[origin.row - 1]
            for column, cell in zip(part.query.columns, row.values, strict=True):
                if column not in ("at", "value"):
                    assert line[column] == (cell or "")
            assert Fraction(line["value"]) == Fraction(row.numerator or "nothing")


@pytest.mark.parametrize(
    ("name", "column"), [("won_value", "id"), ("best_value", "agent"), ("names", "agent")]
)
def test_rows_of_models_are_followed_to_their_sources(small: Small, name: str, column: str) -> None:
    """A model's row names every source row it is made from: joined, grouped, distinct."""
    with small.open() as project, world.drilled(project, name, DAYS[0]) as (drill, _):
        part = drill.parts[0]
        assert part.traced
        at = part.query.columns.index(column)
        rows = pages(part)
        assert rows
        for row in rows:
            assert row.origins
            lines = [
                world.read(small.root / "data" / o.object)[o.row - 1]
                for o in row.origins
                if column in world.read(small.root / "data" / o.object)[0]
            ]
            assert {line[column] for line in lines} == {row.values[at] or ""}


def test_rows_that_cannot_be_followed_are_listed_all_the_same(small: Small) -> None:
    """Behind EXCEPT a row has no one source: it is listed, and says so."""
    with small.open() as project, world.drilled(project, "excepted", DAYS[0]) as (drill, value):
        [part] = drill.parts
        assert not part.traced
        assert part.totals.value == value
        assert all(row.origins == () for row in pages(part))


def test_a_file_of_rows_is_safe_and_adds_up(small: Small, tmp_path: Path) -> None:
    """No text of the CSV begins a formula; its numbers add up; a cap cuts it, not the digest."""
    with small.open() as project:
        with world.drilled(project, "rows", DAYS[0]) as (drill, value):
            [part] = drill.parts
            assert part.write_csv(tmp_path / "rows.csv") == part.totals.rows
            rows = world.read(tmp_path / "rows.csv")
            assert added([r["adds"] for r in rows]) == value.numerator
            assert any(r["id"].startswith("'=d") for r in rows)
            assert not any(cell[:1] in "=+@\t\r" for r in rows for cell in r.values() if cell)
            assert {r["file"] for r in rows} <= {"deals1.csv", "deals2.csv"}
            whole = part.digest()
            assert part.write_csv(tmp_path / "few.csv", limit=3) == 3
            with (tmp_path / "few.csv").open() as file:
                assert len(list(csv.reader(file))) == 4
            assert part.digest() == whole
        with world.drilled(project, "rows", DAYS[1]) as (drill, _):
            assert drill.parts[0].digest() != whole


def test_a_value_knows_its_request(small: Small) -> None:
    """Each part names the series that its value stands in."""
    with small.open() as project, world.drilled(project, "growth", DAYS[0]) as (drill, _):
        wanted = [
            request_id("total", (), None, ()),
            request_id("total", (), None, ((-1, "m"),)),
        ]
        assert [p.query.request for p in drill.parts] == wanted
        assert [p.query.day for p in drill.parts] == [DAYS[0], date(2026, 10, 20)]
        assert isinstance(project.plan.metrics["rate"].measure, Ratio)
