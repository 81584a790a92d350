"""Preview: a metric on the stored data, recorded or not, with nothing written."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.cli.charts import braille, meter
from scoreline.core.errors import UsageError
from scoreline.steps.previewing import Preview, Wish, filter_from, preview, rows_of
from scoreline.wiring import open_project

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns: {id: text, team: text, score: integer, at: {type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: merge
    event_time: at
"""
METRICS = """\
metrics:
  people: {title: People, unit: count, from: lms.done, measure: {count: rows}, window: cycle}
"""
NEW = """\
  mean:
    title: Mean score
    unit: score
    from: lms.done
    measure: {average: score}
    window: cycle
    dimensions: [team]
  twice: {title: Twice the mean, unit: number, derived: 2 * mean}
"""
ROWS = """\
id,team,score,at
1,sales,90,2026-09-01 10:00:00
2,sales,70,2026-09-02 10:00:00
3,north,40,2026-09-03 10:00:00
"""
DAY = date(2026, 9, 3)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A project that ran once, and has two metrics more since."""
    made = Small(tmp_path)
    made.define(organisation=ORGANISATION, sources__lms=SOURCE, metrics__m=METRICS)
    made.write("data/done.csv", ROWS)
    made.run()
    made.define(metrics__m=METRICS + NEW)
    return made


def _preview(small: Small, wish: Wish) -> Preview:
    project = open_project(small.root, validator=small.validator, clock=small.clock)
    try:
        return preview(project, wish)
    finally:
        project.store.close()


def _numbers(found: Preview) -> list[Fraction | None]:
    return [v.fraction if v else None for v in found.values]


def test_a_metric_that_no_run_knows_has_values(small: Small) -> None:
    """Its exact value on each day, by segment, and through a formula, without a record."""
    found = _preview(small, Wish("mean", DAY, days=4, by="team"))
    assert _numbers(found) == [None, Fraction(90), Fraction(80), Fraction(200, 3)]
    assert {k: v.fraction for k, v in found.by.items() if v} == {"north": 40, "sales": 80}
    twice = _preview(small, Wish("twice", DAY, days=1, filter=filter_from(["team=sales"])))
    assert _numbers(twice) == [Fraction(160)]
    assert "avg" not in found.sql
    with small.open() as project:
        assert "metric mean" not in project.store.definition_digests()


def test_the_rows_behind_a_preview_add_up(small: Small) -> None:
    """The rows of a metric that was never recorded give its numerator and denominator."""
    with small.open() as project, rows_of(project, Wish("mean", DAY)) as drill:
        [part] = drill.parts
        assert (part.totals.numerator, part.totals.denominator) == ("200", "3")
        assert [row.values[0] for row in part.page(1, 10)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("meen", DAY), "did you mean mean"),
        (Wish("mean", DAY, by="tem"), "did you mean team"),
        (Wish("people", DAY, by="team"), "none is declared"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(small: Small, wish: Wish, words: str) -> None:
    """An unknown metric or dimension is refused with the nearest legal one."""
    with pytest.raises(UsageError, match=words):
        _preview(small, wish)


def test_a_stream_without_data_is_said(small: Small) -> None:
    """A metric over a stream that was never loaded says which command reads it."""
    small.define(sources__new=SOURCE.replace("source: lms", "source: new"))
    small.define(metrics__m=METRICS.replace("lms.done", "new.done"))
    with pytest.raises(UsageError, match="run --source new"):
        _preview(small, Wish("people", DAY))


def test_a_line_rises_from_the_bottom_left_to_the_top_right() -> None:
    """Dots of a rising series stand in the corners; a gap leaves its columns empty."""
    lines = braille([Fraction(n) for n in range(8)], 4, 2)
    assert (lines[0][-1] != "\u2800", lines[1][0] != "\u2800") == (True, True)
    assert (lines[0][0], lines[1][-1]) == ("\u2800", "\u2800")
    gap = braille([Fraction(1), None, None, Fraction(1)], 2, 1)
    assert len(gap[0]) == 2
    assert braille([], 3, 1) == ["\u2800" * 3]
    assert meter(Fraction(1, 2), 4) == "██░░"
