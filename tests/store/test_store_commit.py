"""Recording a run: what is new, in one transaction, with the same digests everywhere."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from store_builders import (
    DAY,
    KR,
    NOW,
    baseline,
    batch,
    check_in,
    commit,
    definition,
    score,
    stream_state,
    validate,
    value,
)

from scoreline.core.errors import UsageError
from scoreline.core.records import ValueRecord
from scoreline.store.store import ControlStore


def _everything(store: ControlStore) -> list[Any]:
    return [
        store.values(),
        store.known_inputs(),
        store.baselines(),
        store.current_definitions(),
        store.latest_scores(DAY),
        store.newest_scores(),
        store.check_ins(),
        store.blocks(),
        store.records(None),
    ]


def test_a_commit_reads_back(store: ControlStore) -> None:
    """Values, definitions, baselines and scores come back as they were given."""
    long = value("r2", points=300)
    report = commit(store, "run-1", values=[long, value()])
    assert dict(report.counts) == {"definitions": 1, "values": 2, "baselines": 1, "scores": 1}
    assert store.values() == {"r1": value(), "r2": long}
    assert store.values(["r2", "r2", "missing"]) == {"r2": long}
    assert store.known_inputs() == {v.request: v.input_digest for v in (value(), long)}
    assert store.baselines() == {KR: baseline()}
    found = store.current_definitions()["metric rate"]
    assert found == definition()
    assert found.digest == definition().digest
    stored = store.latest_scores(DAY)[KR]
    assert (stored.run, stored.recorded_at, stored.status) == ("run-1", NOW, "on_track")
    assert stored.body == {
        **score().body,
        "key_result": KR,
        "as_of": "2026-11-20",
        "replaces": None,
    }
    assert store.record(stored.digest[:12]).kind == "score"
    assert [b.digest for b in store.blocks()] == [report.block]


def test_nothing_new_leaves_no_trace(store: ControlStore) -> None:
    """The same commit again writes no record and no block."""
    commit(store)
    before = _everything(store)
    report = commit(store, "another run")
    assert report.block is None
    assert set(report.counts.values()) == {0}
    assert _everything(store) == before


def test_a_different_score_names_the_one_it_replaces(store: ControlStore) -> None:
    """A, B, A on one day are three records in a chain; the newest is shown."""
    for shown in ("1", "2", "1", "1"):
        commit(store, scores=[score(value=shown)])
    history = store.score_history(KR)
    assert [s.body["value"] for s in history] == ["1", "2", "1"]
    assert [s.body["replaces"] for s in history] == [None, history[0].digest, history[1].digest]
    assert store.latest_scores(DAY)[KR] == history[2]
    assert store.verify_ledger() == []


def test_a_value_is_new_if_inputs_or_series_differ(store: ControlStore) -> None:
    """Either change makes a record; going back to an earlier value makes one again."""
    first = value()
    steps = [first, replace(first, input_digest="x"), first, replace(first, series="end,1\n")]
    for step in [*steps, steps[-1]]:
        commit(store, values=[step])
    assert store.value_versions("r1") == steps
    assert store.values() == {"r1": steps[-1]}


def test_a_definition_is_new_if_body_or_sql_changed(store: ControlStore) -> None:
    """SQL that is not given is no change; the semantic change is kept with the version."""
    steps = [
        definition(),
        definition(sql=None),
        definition(change=()),
        definition(sql="SELECT 2"),
        definition(body={"unit": "count"}, change=({"what": "unit"},)),
    ]
    for step in steps:
        commit(store, "run", definitions=[step])
    found = store.definition_versions("metric rate")
    assert [f.version for f in found] == [steps[0], steps[3], steps[4]]
    assert found[0].recorded_at == NOW


def test_a_baseline_is_frozen_for_its_day(store: ControlStore) -> None:
    """Another number for the same day is passed over; another day is a new baseline."""
    commit(store)
    commit(store, baselines=[baseline(numerator="99")])
    assert store.baselines()[KR] == baseline()
    moved = baseline(day=date(2026, 7, 31), numerator="41")
    commit(store, baselines=[moved])
    assert store.baselines()[KR] == moved


def test_two_records_of_one_subject_are_refused(store: ControlStore) -> None:
    """One run says one thing of each subject, and a score's body agrees with its key."""
    wrong: list[dict[str, Any]] = [
        {"values": [value(), value()]},
        {"scores": [score(), score(value="2")]},
        {"scores": [score(key_result="other")]},
        {"scores": [score(status=None)]},
    ]
    for given_ in wrong:
        with pytest.raises(UsageError):
            commit(store, **given_)
    with pytest.raises(TypeError, match="float has no canonical form"):
        commit(store, scores=[score(value=0.5)])
    assert store.blocks() == []


def test_the_run_seals_what_waits(store: ControlStore) -> None:
    """Landing's records go into the block of the commit, before its own."""
    validate(store, store.land(batch(store, "a.csv", "A"), None))
    store.add_check_in(check_in(), NOW)
    commit(store)
    assert [[r.kind for r in store.records(b.height)] for b in store.blocks()] == [
        ["check_in"],
        ["receipt", "checks", "definition", "value", "baseline", "score"],
    ]
    assert [b.run for b in store.blocks()] == [None, "run"]
    assert store.seal("run", NOW) is None


def test_the_last_good_score_is_found(store: ControlStore) -> None:
    """The newest day with a good score up to the one asked for, even if it was replaced."""
    days = [DAY + timedelta(n) for n in range(4)]
    for day, good in zip(days, (True, True, False, True), strict=True):
        commit(store, scores=[score(day=day, good=good, value=day.isoformat())])
    assert store.last_good(days[2])[KR]["as_of"] == days[1].isoformat()
    assert store.last_good(days[3], [KR, "other"])[KR]["as_of"] == days[3].isoformat()
    assert store.last_good(days[3], ["other"]) == {}
    assert store.last_good(DAY - timedelta(1)) == {}
    commit(store, scores=[score(day=days[1], good=False)])
    restated = store.last_good(days[2])[KR]
    assert (restated["as_of"], restated["good"]) == (days[1].isoformat(), True)
    assert store.newest_scores()[KR]["as_of"] == days[3].isoformat()


def test_the_past_is_read_as_it_was_known(store: ControlStore) -> None:
    """With `known_at`, what was recorded later is not there yet."""
    early, late = NOW, NOW + timedelta(days=1)
    changed = definition(body={"unit": "count"})
    store.commit_run("1", values=[value()], definitions=[definition()], scores=[score()], now=early)
    store.commit_run(
        "2",
        values=[value(points=5)],
        definitions=[changed],
        scores=[score(value="1"), score("2026-H2/x/y/z")],
        now=late,
    )
    assert store.values(known_at=early) == {"r1": value()}
    assert store.current_definitions(known_at=early) == {"metric rate": definition()}
    assert [s.body["value"] for s in store.latest_scores(DAY, known_at=early).values()] == ["62.5"]
    assert len(store.latest_scores(DAY, known_at=late)) == 2
    assert store.latest_scores(DAY, known_at=early - timedelta(1)) == {}


def test_check_ins_are_kept_in_order(store: ControlStore) -> None:
    """Each has a block of its own; the same again is none; a correction is another."""
    corrected = check_in(value="63")
    override = check_in(value="50", until=date(2026, 12, 1), reason="audit", approver="tom")
    said = [check_in(), check_in(), corrected, check_in(), override]
    digests = [store.add_check_in(c, NOW) for c in said]
    assert digests[0] == digests[1] == digests[3]
    kept = [replace(c, at=NOW) for c in (check_in(), corrected, check_in(), override)]
    assert store.check_ins() == kept
    assert store.check_ins(KR, DAY) == kept
    assert store.check_ins(upto=DAY - timedelta(1)) == store.check_ins("other") == []
    assert [b.count for b in store.blocks()] == [1, 1, 1, 1]
    assert store.verify_ledger() == []


def test_a_run_begins_and_ends_once(store: ControlStore) -> None:
    """Its id sorts by time; the same end again is no news, another end is refused."""
    run = store.begin_run("run", DAY, "0.1.0", datetime(2026, 11, 22, 6, 39, tzinfo=UTC))
    assert run.startswith("20261122T063900Z-")
    assert len(run) == 25
    for _ in range(2):
        store.end_run(run, "finished", NOW, {"scores": 3})
    with pytest.raises(UsageError, match="ended finished already"):
        store.end_run(run, "failed", NOW, {})
    with pytest.raises(UsageError, match="no run"):
        store.end_run("x", "failed", NOW, {})
    (found,) = store.runs()
    assert (found.id, found.as_of, found.outcome, found.summary) == (
        run,
        DAY,
        "finished",
        {"scores": 3},
    )


def test_an_instant_without_a_zone_is_refused(store: ControlStore) -> None:
    """A naive datetime never reaches the store."""
    with pytest.raises(ValueError, match="no time zone"):
        store.note_extraction("lms.done", NOW.replace(tzinfo=None))


class _CutError(Exception):
    """The fault that is injected."""


def _prepared(store: ControlStore) -> None:
    commit(store)
    validate(store, store.land(batch(store, "a.csv", "A"), None))


def _next_commit(store: ControlStore) -> None:
    commit(
        store,
        values=[value(points=9), value("r9")],
        definitions=[definition(body={"unit": "count"}), definition("metric other")],
        baselines=[baseline(day=DAY)],
        scores=[score(value="2"), score("2026-H2/x/y/z")],
    )


def _land_superseding(store: ControlStore) -> None:
    store.land(batch(store, "b.csv", "B2"), store.batches(None, ["blocked"])[0].id)


def _blocked(store: ControlStore) -> None:
    validate(store, store.land(batch(store, "b.csv", "B"), None), "blocked")


def _mark(store: ControlStore) -> None:
    (passed,) = store.batches(None, ["passed"])
    store.mark_loaded([passed.id], stream_state(passed))


@pytest.mark.parametrize(
    ("prepare", "write"),
    [(_prepared, _next_commit), (_blocked, _land_superseding), (_prepared, _mark)],
)
def test_a_fault_at_any_statement_leaves_nothing(
    store: ControlStore,
    prepare: Callable[[ControlStore], None],
    write: Callable[[ControlStore], None],
) -> None:
    """A write cut at its nth statement, for every n, leaves the store as it was."""
    prepare(store)
    before, statements, cut_at = _dump(store), 0, 0

    def cut(*_: Any) -> None:
        nonlocal statements
        statements += 1
        if statements == cut_at:
            raise _CutError

    event.listen(store._engine, "before_cursor_execute", cut)
    for cut_at in range(1, 200):  # noqa: B007  the listener reads it
        statements = 0
        try:
            write(store)
        except _CutError:
            assert _dump(store) == before
        else:
            break
    event.remove(store._engine, "before_cursor_execute", cut)
    assert cut_at > 8
    assert _dump(store) != before
    assert store.verify_ledger() == []


def _dump(store: ControlStore) -> list[str]:
    raw = store._engine.raw_connection()
    try:
        return list(raw.driver_connection.iterdump())  # type: ignore[union-attr]
    finally:
        raw.close()


_VALUES = st.lists(
    st.builds(
        lambda r, s, i: value(f"r{r}", series=s, input_digest=i),
        st.integers(0, 5),
        st.sampled_from(["a", "b" * 3000]),
        st.sampled_from(["i", "j"]),
    ),
    max_size=5,
    unique_by=lambda v: v.request,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=_VALUES, seed=st.randoms(use_true_random=False))
def test_equal_content_gives_equal_record_digests(
    tmp_path_factory: pytest.TempPathFactory,
    empty_store: Any,
    values: list[ValueRecord],
    seed: random.Random,
) -> None:
    """Whatever the order within a commit and of landings, runs and clocks, digests agree."""
    found = []
    for turn in range(2):
        folder = tmp_path_factory.mktemp("order")
        (folder / "control.db").write_bytes(empty_store.read_bytes())
        store = ControlStore.open(f"sqlite:///{folder / 'control.db'}")
        names = ["a.csv", "b.csv", "c.csv"]
        if turn:
            seed.shuffle(values)
            seed.shuffle(names)
        for name in names:
            made = batch(store, name, name)
            store.land(replace(made, run=f"run {turn}", received_at=NOW + timedelta(turn)), None)
        store.commit_run(f"run {turn}", values=values, scores=[score()], now=NOW + timedelta(turn))
        (block,) = store.blocks()
        records = store.records(block.height)
        found.append((sorted(r.digest for r in records), [r.digest for r in records][3:]))
        store.close()
    assert found[0] == found[1]
