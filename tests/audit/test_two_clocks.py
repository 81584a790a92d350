"""Two clocks: what was recorded at any time is what is computed for that time now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.core.errors import UsageError
from scoreline.core.records import CheckIn, Decision
from scoreline.steps.clocks import Clocks, project_then
from scoreline.steps.evaluating import same_content
from scoreline.steps.status import standing
from scoreline.store.rows import StoredScore

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns:
      id: text
      score: {type: "decimal(9,2)", null_values: [""]}
      at: {type: timestamp, timezone: Europe/Berlin}
    key: [id]
    load: merge
    history: true
    event_time: at
    fresh_within: 3 days
    expect:
      - {type: expect_column_values_to_not_be_null, column: score}
  polled:
    options: {glob: "polled*.csv"}
    columns: {id: text, at: {type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: append
    event_time: at
    fresh_within: 2 days
    fresh_by: extract
"""
METRICS = """\
metrics:
  total: {{title: T, unit: number, from: lms.done, measure: {{sum: score, where: "score >= {least}"}}, window: cycle}}
  mean: {{title: M, unit: number, from: lms.done, measure: {{average: score}}, window: cycle}}
  open: {{title: O, unit: number, from: lms.done, measure: {{count: rows}}, window: latest}}
  seen: {{title: S, unit: number, from: lms.polled, measure: {{count: rows}}, window: cycle}}
  half: {{title: H, unit: number, derived: total / 2}}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: a@b.example
    key_results:
      total: {{title: T, metric: total, baseline: 0, target: {target}}}
      based: {{title: B, metric: total, baseline: {{at: 2026-08-02}}, target: {{change: +50%}}}}
      mean: {{title: M, metric: mean, keep: {{at_least: 40, every: week}}}}
      open: {{title: O, metric: open, baseline: 0, target: 10}}
      seen: {{title: S, metric: seen, baseline: 0, target: 10}}
      half: {{title: H, metric: half, baseline: 0, target: 200}}
      calls: {{title: C, manual: true, baseline: 0, target: 10}}
"""


def define(small: Small, target: int = 500, least: int = 0) -> None:
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS.format(least=least),
        objectives__2026_H2__learning=OBJECTIVES.format(target=target),
    )


def on(small: Small, day: int, hour: int = 6) -> None:
    small.clock.moment = datetime(2026, 8, day, hour, tzinfo=UTC)


def rows(small: Small, name: str, *lines: str) -> None:
    small.write(f"data/{name}.csv", "id,score,at\n" + "".join(f"{line}\n" for line in lines))


def decide(small: Small, decision: str) -> None:
    with small.open() as project:
        blocked = project.store.batches(None, ["blocked"])[0].id
        project.store.decide(Decision(blocked, decision, "seen", "ann"), project.now())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A project with two weeks of everything that moves a score."""
    small = Small(tmp_path_factory.mktemp("lived"))
    define(small)
    on(small, 2)
    rows(small, "done1", "a,50,2026-08-01 10:00", "b,60.5,2026-08-01 11:00")
    small.write("data/polled1.csv", "id,at\nx,2026-08-01 10:00\n")
    small.run()
    on(small, 3)
    rows(small, "done1", "a,55,2026-08-01 10:00", "b,60.5,2026-08-01 11:00", "c,9,2026-08-02 11:00")
    small.run()
    on(small, 4)
    rows(small, "done2", "d,,2026-08-03 10:00", "e,70,2026-08-03 10:00")
    small.run()  # blocked: held
    decide(small, "release")
    on(small, 5)
    small.run()
    with small.open() as project:
        told = CheckIn("2026-H2/learning/o/calls", date(2026, 8, 5), "ann", value="4")
        project.store.add_check_in(told, project.now())
        over = CheckIn(
            "2026-H2/learning/o/mean", date(2026, 8, 5), "ann", value="44", until=date(2026, 8, 7), reason="r"
        )  # fmt: skip
        project.store.add_check_in(over, project.now())
    on(small, 6)
    define(small, target=300)
    small.run()
    on(small, 7)
    define(small, target=300, least=20)
    small.run()
    on(small, 12)
    small.run()  # stale by event
    small.run("2026-08-05")  # a past day, on what is known now
    (small.root / "data/polled1.csv").unlink()
    on(small, 20)
    rows(small, "done3", "f,100,2026-08-19 10:00", "a,1,2026-08-19 12:00")
    small.run()
    return small


def every_score(small: Small) -> list[StoredScore]:
    with small.open() as project:
        return [s for kr in project.plan.key_results for s in project.store.score_history(kr)]


def test_every_recorded_score_is_computed_again(lived: Small) -> None:
    """For the time of each record, by the definitions of then, the same score comes out."""
    found = every_score(lived)
    kinds = {s.status for s in found}
    assert {"held", "stale", "no_data", "achieved"} <= kinds
    assert len(found) > 40
    times = {(s.recorded_at, s.as_of) for s in found}
    differ = []
    with lived.open() as project:
        for at, day in sorted(times):
            then = project_then(project, Clocks(at.isoformat()), day)
            now = {r.key_result: r.body for r in standing(then, day).records}
            differ += [
                (s.key_result, at, k, s.body[k], now[s.key_result].get(k))
                for s in found
                if (s.recorded_at, s.as_of) == (at, day)
                and not same_content(s.body, now[s.key_result])
                for k in s.body
                if k != "replaces" and s.body[k] != now[s.key_result].get(k)
            ]
    assert differ == [], differ[:5]


def test_both_clocks_move_by_themselves(lived: Small) -> None:
    """Data of one time by the definitions of another: a combination that was never run."""
    day = date(2026, 8, 6)
    values = {}
    with lived.open() as project:
        for known in ("2026-08-03", "2026-08-12"):
            for defined in ("2026-08-06", "2026-08-12"):
                then = project_then(project, Clocks(known, defined), day)
                found = {r.id.rsplit("/", 1)[1]: r for r in standing(then, day).key_results}
                total = found["total"].score
                values[known, defined] = (total.value, total.target)
    small, late = (55, 60.5, 9), (55, 60.5, 9, 70)
    assert values == {
        ("2026-08-03", "2026-08-06"): (sum(small), 300),
        ("2026-08-03", "2026-08-12"): (sum(v for v in small if v >= 20), 300),
        ("2026-08-12", "2026-08-06"): (sum(late), 300),
        ("2026-08-12", "2026-08-12"): (sum(v for v in late if v >= 20), 300),
    }


def test_a_definition_is_named_by_its_digest(lived: Small) -> None:
    """The digest that a score carries finds the definitions that it was computed by."""
    kr = "2026-H2/learning/o/total"
    with lived.open() as project:
        first = project.store.score_history(kr)[0]
        digest = str(first.body["definition"])
        then = project_then(project, Clocks(None, digest[:12]), None, kr)
        assert str(then.plan.key_results[kr].kind).count("Decimal('500')") == 1
        assert standing(then, date(2026, 8, 1)).as_of == date(2026, 8, 1)


def test_times_that_mean_nothing_are_refused(lived: Small, tmp_path: Path) -> None:
    """A text that is no time, a time before the record, an unknown digest: each is said."""
    with lived.open() as project:
        for clocks, words in (
            (Clocks("yesterday"), "is no time"),
            (Clocks("2026-07-01"), "the record begins at"),
            (Clocks(None, "abcdef0123"), "no definition 'abcdef0123'"),
            (Clocks(None, "abcdef012345"), "no definition 'abcdef012345'"),
        ):
            with pytest.raises(UsageError, match=words):
                project_then(project, clocks)
    small = Small(tmp_path)
    define(small)
    with small.open() as project, pytest.raises(UsageError, match="nothing is recorded yet"):
        project_then(project, Clocks((datetime.now(UTC) + timedelta(1)).isoformat()))
