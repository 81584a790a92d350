"""The gate: blocked, held, released, rejected, superseded, quarantined; nothing slips past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.core.errors import UsageError
from scoreline.core.records import Decision

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns:
      id: text
      score: {type: "decimal(5,2)", null_values: [""]}
      at: {type: timestamp, timezone: Europe/Berlin}
    key: [id]
    load: merge
    event_time: at
    expect:
      - {type: expect_column_values_to_not_be_null, column: score}
      - {type: expect_column_values_to_be_between, column: score, min_value: 0, max_value: 100, on_failure: quarantine}
"""
METRICS = """\
metrics:
  people:
    {title: People, unit: count, from: lms.done, measure: {count_distinct: id}, window: cycle}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      people: {title: People, metric: people, baseline: 0, target: 10}
      hand: {title: By hand, manual: true, baseline: 0, target: 10}
"""
DAY = "2026-11-20"
UNSETTLED = """\
source: lms
connector: files
options: {root: data}
streams:
  a: {options: {glob: "*.csv", settle_seconds: 3600}, columns: {id: text}, key: [id], load: append}
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """One stream, one metric, two key results."""
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    return made


def export(small: Small, name: str, *rows: str) -> None:
    """One export with these rows."""
    small.write(f"data/{name}.csv", "id,score,at\n" + "".join(f"{r}\n" for r in rows))


def decide(small: Small, subject: str, decision: str) -> None:
    """Release or reject."""
    with small.open() as project:
        made = Decision(subject, decision, "seen and understood", "ann")  # type: ignore[arg-type]
        project.store.decide(made, project.now())


def blocked(small: Small) -> list[str]:
    """The ids of the blocked batches."""
    with small.open() as project:
        return [b.id for b in project.store.batches(None, ["blocked"])]


def test_a_blocked_batch_holds_its_stream_until_it_is_released(small: Small) -> None:
    """A good batch behind a blocked one waits; after the release nothing is missing."""
    export(small, "done1", "a,50,2026-08-01 10:00", "b,60,2026-08-02 10:00")
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "2.000000"
    export(small, "done2", "c,,2026-08-03 10:00", "d,70,2026-08-03 11:00")
    report = small.run(DAY)
    assert report.failed
    export(small, "done3", "e,80,2026-08-04 10:00")
    stream = small.run(DAY).sources["lms"].streams["lms.done"]
    assert (stream.loaded, stream.waiting) == (0, 1)
    row = small.status(DAY)["people"]
    assert (row["status"], row["value"], row["observed_at"]) == ("held", "2.000000", DAY)
    assert "score is not empty" in (small.reasons(DAY)["people"] or "")
    decide(small, blocked(small)[0], "release")
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "5.000000"


def test_a_rejected_batch_stays_out_and_what_waited_goes_on(small: Small) -> None:
    """After a rejection the batches behind it load; the rejected rows never do."""
    export(small, "done1", "a,50,2026-08-01 10:00")
    export(small, "done2", "c,,2026-08-03 10:00")
    export(small, "done3", "e,80,2026-08-04 10:00")
    small.run(DAY)
    assert small.status(DAY)["people"]["status"] == "held"
    decide(small, blocked(small)[0], "reject")
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "2.000000"


def test_a_corrected_export_supersedes_the_blocked_one(small: Small) -> None:
    """A new version of the blocked file ends the hold by itself, and says so."""
    export(small, "done1", "c,,2026-08-03 10:00")
    small.run(DAY)
    first = blocked(small)[0]
    export(small, "done1", "c,55,2026-08-03 10:00")
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "1.000000"
    with small.open() as project:
        old = project.store.batch(first)
    assert old.state == "rejected"
    assert "superseded" in (old.reason or "")


def test_only_a_blocked_batch_can_be_decided_on(small: Small) -> None:
    """A loaded batch can be neither released nor rejected; the message says what can be."""
    export(small, "done1", "a,50,2026-08-01 10:00")
    small.run(DAY)
    with small.open() as project:
        loaded = project.store.batches()[0].id
    with pytest.raises(UsageError, match="blocked"):
        decide(small, loaded, "reject")


def test_quarantined_rows_are_counted_shown_and_can_be_released(small: Small) -> None:
    """Rows in = kept + quarantined; released rows join the stream as if never set aside."""
    export(
        small, "done1", "a,50,2026-08-01 10:00", "b,150,2026-08-02 10:00", "c,x,2026-08-02 10:00"
    )
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "1.000000"
    with small.open() as project:
        batch = project.store.batches()[0]
        aside = {q.check: q for q in project.store.quarantines()}
    assert batch.rows_received == batch.rows_kept + batch.rows_broken + batch.rows_quarantined
    contract = aside.pop("contract")
    (checked,) = aside.values()
    assert (contract.rows, contract.releasable, checked.rows, checked.releasable) == (
        1,
        False,
        1,
        True,
    )
    with pytest.raises(UsageError, match="cannot be released"):
        decide(small, contract.id, "release")
    decide(small, checked.id, "release")
    small.run(DAY)
    assert small.status(DAY)["people"]["value"] == "2.000000"
    decide(small, contract.id, "reject")
    small.run(DAY)
    assert small.status(DAY)["people"]["value"] == "2.000000"


def test_a_missing_column_blocks_and_names_what_there_is(small: Small) -> None:
    """A renamed header blocks the batch: the reason names the column and the header found."""
    small.write("data/done1.csv", "id,points,at\na,5,2026-08-01 10:00\n")
    small.run(DAY)
    with small.open() as project:
        batch = project.store.batches()[0]
    assert batch.state == "blocked"
    assert "missing column score" in (batch.reason or "")
    assert "points" in (batch.reason or "")


def test_an_unreadable_file_holds_the_stream_and_can_be_rejected(small: Small) -> None:
    """A file cut short inside quotes is refused whole; it cannot be released, only rejected."""
    export(small, "done1", "a,50,2026-08-01 10:00")
    small.run(DAY)
    small.write("data/done2.csv", 'id,score,at\n"b,60,2026-08-01 10:00\n')
    assert small.run(DAY).failed
    assert small.status(DAY)["people"]["status"] == "held"
    name = blocked(small)[0]
    with pytest.raises(UsageError, match="no rows"):
        decide(small, name, "release")
    decide(small, name, "reject")
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["status"] != "held"


def test_a_check_that_cannot_be_evaluated_is_an_error_and_blocks(small: Small, gx: object) -> None:
    """An expectation that nobody knows is neither pass nor fail: the batch waits."""
    small.validator = gx
    small.define(sources__lms=SOURCE.replace("_to_not_be_null", "_to_be_lovely"))
    export(small, "done1", "a,50,2026-08-01 10:00")
    report = small.run(DAY)
    outcomes = [c.outcome for c in report.sources["lms"].streams["lms.done"].checks]
    assert "error" in outcomes
    assert report.failed
    assert small.status(DAY)["people"]["status"] in ("held", "no_data")


def test_the_gate_with_great_expectations_itself(small: Small, gx: object) -> None:
    """The real validator blocks, quarantines and passes as the definitions say."""
    small.validator = gx
    export(small, "done1", "a,50,2026-08-01 10:00", "b,150,2026-08-02 10:00")
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "1.000000"
    export(small, "done2", "c,,2026-08-03 10:00")
    small.run(DAY)
    assert small.status(DAY)["people"]["status"] == "held"


def test_a_shrunken_snapshot_is_blocked(small: Small) -> None:
    """`replace` refuses a snapshot far smaller than the last until a person says yes."""
    small.define(sources__lms=SOURCE.replace("load: merge", "load: replace"))
    export(small, "done1", *(f"p{n},50,2026-08-01 10:00" for n in range(10)))
    small.run(DAY)
    export(small, "done1", "p1,50,2026-08-01 10:00")
    small.run(DAY)
    row = small.status(DAY)["people"]
    assert (row["status"], row["value"]) == ("held", "10.000000")
    decide(small, blocked(small)[0], "release")
    small.run(DAY)
    assert small.status(DAY)["people"]["value"] == "1.000000"


def test_append_sets_changed_rows_aside(small: Small) -> None:
    """A known key with other contents is refused and shown; equal repeats are counted."""
    small.define(sources__lms=SOURCE.replace("load: merge", "load: append"))
    export(small, "done1", "a,50,2026-08-01 10:00", "b,60,2026-08-01 10:00")
    small.run(DAY)
    export(small, "done2", "a,50,2026-08-01 10:00", "b,61,2026-08-01 10:00", "c,1,2026-08-01 10:00")
    stream = small.run(DAY).sources["lms"].streams["lms.done"]
    assert (stream.rows_inserted, stream.rows_repeated, stream.rows_quarantined) == (1, 1, 1)
    with small.open() as project:
        (aside,) = project.store.quarantines()
    assert (aside.check, aside.rows, aside.releasable) == ("append", 1, False)


def test_a_broken_definition_takes_down_itself_only(small: Small) -> None:
    """One bad metric, one bad source file: the rest is read, measured and scored."""
    export(small, "done1", "a,50,2026-08-01 10:00")
    small.define(
        metrics__bad="metrics:\n  bad: {title: B, unit: count, from: lms.nowhere, measure: {count: rows}}\n",
        sources__crm="source: crm\nconnector: files\noptions: {root: nowhere}\nstreams:\n"
        "  s: {options: {glob: '*.csv'}, columns: {id: text}, key: [id]}\n",
    )
    report = small.run(DAY)
    assert report.failed
    assert "nowhere" in (report.sources["crm"].streams["crm.s"].error or "")
    assert small.status(DAY)["people"]["value"] == "1.000000"


def test_a_changed_contract_reads_the_stored_bytes_again(small: Small) -> None:
    """A new column in the contract is filled from files read long ago, even if they are gone."""
    small.write(
        "data/done1.csv", "id,score,at,team\na,50,2026-08-01 10:00,x\nb,5,2026-08-01 10:00,y\n"
    )
    small.run(DAY)
    (small.root / "data/done1.csv").unlink()
    small.define(
        sources__lms=SOURCE.replace("      id: text\n", "      id: text\n      team: text\n"),
        metrics__m=METRICS.replace(
            "count_distinct: id}", "count_distinct: id, where: \"team = 'x'\"}"
        ),
    )
    assert not small.run(DAY).failed
    assert small.status(DAY)["people"]["value"] == "1.000000"


def test_check_ins_and_overrides(small: Small) -> None:
    """A manual value counts from its day and goes stale; an override holds until its end."""
    from datetime import date

    from scoreline.core.records import CheckIn

    export(small, "done1", "a,50,2026-08-01 10:00")
    small.run(DAY)
    assert small.status(DAY)["hand"]["status"] == "no_data"
    with small.open() as project:
        for entry in (
            CheckIn("2026-H2/learning/o/hand", date(2026, 11, 10), "ann", value="4"),
            CheckIn(
                "2026-H2/learning/o/people",
                date(2026, 11, 1),
                "ann",
                value="9",
                until=date(2026, 11, 20),
                reason="the export lost a team",
            ),
        ):
            project.store.add_check_in(entry, project.now())
    assert small.status("2026-11-20")["hand"]["value"] == "4.000000"
    assert small.status("2026-11-09")["hand"]["status"] == "no_data"
    with small.open() as project:
        again = CheckIn("2026-H2/learning/o/hand", date(2026, 11, 10), "ann", value="5")
        project.store.add_check_in(again, project.now())
    assert small.status("2026-11-20")["hand"]["value"] == "5.000000"
    small.clock.moment += timedelta(days=4)
    assert small.status("2026-11-25")["hand"]["status"] == "stale"
    assert small.status("2026-11-20")["people"]["value"] == "9.000000"
    assert small.status("2026-11-21")["people"]["value"] == "1.000000"
    report = small.run(DAY)
    assert report.scores is not None
    body = next(k for k in report.scores.key_results if k.id.endswith("/people"))
    assert body.score.override is not None


def test_a_day_later_with_one_more_file_only_that_is_read(small: Small) -> None:
    """Old files are not opened again, and the value grows by the new one."""
    export(small, "done1", "a,50,2026-08-01 10:00")
    small.run("2026-11-20")
    small.clock.moment += timedelta(days=1)
    export(small, "done2", "b,50,2026-11-21 10:00")
    stream = small.run("2026-11-21").sources["lms"].streams["lms.done"]
    assert (stream.landed, stream.rows_received) == (1, 1)
    assert small.status("2026-11-21")["people"]["value"] == "2.000000"
    assert small.status("2026-11-20")["people"]["value"] == "1.000000"


def test_a_filter_value_that_the_data_never_showed_is_a_warning(small: Small) -> None:
    """`check` knows what the dimensions have been seen with, and asks about a likely typo."""
    from scoreline.steps.checking import all_problems
    from scoreline.wiring import check_options, recorded_facts

    small.define(
        sources__lms=SOURCE.replace("      id: text\n", "      id: text\n      team: text\n"),
        metrics__m=METRICS.replace("window: cycle", "window: cycle, dimensions: [team]"),
        objectives__2026_H2__learning=OBJECTIVES.replace(
            "metric: people,", "metric: people, filter: {team: slaes},"
        ),
    )
    small.write("data/done1.csv", "id,team,score,at\na,sales,50,2026-08-01 10:00\n")
    small.run(DAY)
    found = all_problems(small.root, check_options, recorded_facts)
    assert any("slaes" in f"{p.found} {p.message}" for p in found if p.severity == "warning")


def test_a_file_still_being_written_is_left_for_the_next_run(tmp_path: Path) -> None:
    """It is neither read nor an error; the report says that it waits."""
    small = Small(tmp_path)
    small.define(organisation=ORGANISATION, sources__lms=UNSETTLED)
    small.write("data/a.csv", "id\n1\n")
    small.clock.moment = datetime.now(UTC)  # a file's age is told by the machine's clock
    found = small.run().sources["lms"].streams["lms.a"]
    assert (found.unsettled, found.landed, found.error) == (1, 0, None)
    small.clock.moment += timedelta(hours=2)
    found = small.run().sources["lms"].streams["lms.a"]
    assert (found.unsettled, found.landed) == (0, 1)
