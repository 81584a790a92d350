"""A stream that could not be joined whole is never measured: its key results are held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.core.errors import CheckError
from scoreline.core.records import Decision
from scoreline.steps.run import score

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns:
      id: text
      score: {type: "decimal(5,2)"}
      at: date
    key: [id]
    load: merge
    event_time: at
    expect:
      - {type: expect_column_values_to_be_between, column: score, min_value: 0, max_value: 100, on_failure: quarantine}
"""
NARROW = SOURCE.replace("decimal(5,2)", "decimal(5,3)")
WIDER = SOURCE.replace("      at: date\n", "      at: date\n      hours: integer\n")
METRICS = """\
metrics:
  people:
    {title: People, unit: count, from: lms.done, measure: {count_distinct: id}, window: cycle}
"""
OTHER = METRICS.replace("{count_distinct: id}", "{count: rows}")
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      people: {title: People, metric: people, baseline: 0, target: 10}
"""
DAY = "2026-11-20"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Two files, three good rows and one set aside, run once: the value is 3."""
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    head = "id,score,at,hours\n"
    made.write("data/done1.csv", head + "a,50,2026-08-01,1\nb,500,2026-08-02,2\n")
    made.write("data/done2.csv", head + "c,60,2026-08-03,3\nd,70,2026-08-04,4\n")
    made.run(DAY)
    assert shown(made)[1] == "3.000000"
    return made


def shown(small: Small) -> tuple[str, str | None]:
    """The key result's status and value."""
    row = small.status(DAY)["people"]
    return row["status"], row["value"]


def release(small: Small) -> None:
    """Let the row that was set aside into the stream."""
    with small.open() as project:
        [aside] = project.store.quarantines(state="held")
        made = Decision(aside.id, "release", "seen and understood", "ann")
        project.store.decide(made, project.now())


def recorded(small: Small) -> list[str | None]:
    """The numerators of the key result's recorded scores, oldest first."""
    with small.open() as project:
        history = project.store.score_history("2026-H2/learning/o/people")
    return [s.body.get("numerator") for s in history]


@pytest.mark.parametrize("metrics", [METRICS, OTHER], ids=["same metric", "changed metric"])
def test_released_rows_that_no_longer_fit_hold_the_stream(small: Small, metrics: str) -> None:
    """500 does not fit decimal(5,3): held with the last good value, healed when it fits."""
    release(small)
    small.define(sources__lms=NARROW, metrics__m=metrics)
    report = small.run(DAY)
    assert report.failed
    assert report.scores is not None
    assert shown(small) == ("held", "3.000000")
    reason = str(small.reasons(DAY)["people"])
    assert "lms.done could not be loaded: batch" in reason
    assert "declare a type that holds it" in reason
    assert "LINE 1" not in reason
    small.run(DAY)
    assert shown(small) == ("held", "3.000000")
    assert set(recorded(small)) == {"3"}
    small.define(sources__lms=SOURCE)
    assert not small.run(DAY).failed
    assert shown(small)[1] == "4.000000"
    assert shown(small)[0] != "held"
    with small.open() as project:
        assert project.store.verify_ledger() == []


class Dying:
    """A validator whose process dies."""

    def start(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def validate(self, *_: Any) -> Any:
        """Raises."""
        raise CheckError("the validator's process ended")


@contextmanager
def dying(small: Small) -> Iterator[None]:
    """Meanwhile no batch can be checked."""
    kept, small.validator = small.validator, Dying()
    yield
    small.validator = kept


def test_batches_read_again_but_not_checked_are_not_missed(small: Small) -> None:
    """After a changed contract whose checks could not run, no run scores an empty stream."""
    small.define(sources__lms=WIDER, metrics__m=OTHER)
    with dying(small):
        assert small.run(DAY).failed
        assert shown(small) == ("held", "3.000000")
        with small.open() as project:
            score(project, date.fromisoformat(DAY))
            assert project.troubles
    assert shown(small) == ("held", "3.000000")
    assert set(recorded(small)) == {"3"}
    assert not small.run(DAY).failed
    assert shown(small)[0] != "held"


def test_a_batch_that_cannot_be_read_again_does_not_count_as_empty(small: Small) -> None:
    """A new column is not summed where a stored file lacks it for want of its bytes."""
    with small.open() as project:
        [_, second] = project.store.batches("lms.done")
        assert second.received is not None
        lost = project.files.path(second.received)
    content = lost.read_bytes()
    lost.unlink()
    hours = METRICS.replace("{count_distinct: id}", "{sum: hours}")
    small.define(sources__lms=WIDER, metrics__m=hours)
    assert small.run(DAY).failed
    assert shown(small) == ("held", "3.000000")
    lost.write_bytes(content)
    small.run(DAY)
    assert shown(small)[1] == "8.000000"


def test_a_changed_contract_is_not_scored_before_it_is_read(small: Small) -> None:
    """`score` alone after a new column holds; the next run reads the bytes again."""
    hours = METRICS.replace("{count_distinct: id}", "{sum: hours}")
    small.define(sources__lms=WIDER, metrics__m=hours)
    with small.open() as project:
        score(project, date.fromisoformat(DAY))
        assert "not read by the present contract" in project.troubles[0]
    assert shown(small) == ("held", "3.000000")
    small.run(DAY)
    assert shown(small)[1] == "8.000000"
