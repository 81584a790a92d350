"""Receiving, validating, deciding and loading."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_builders import NOW, aside, batch, file, result, stream_state, validate

from scoreline.core.digests import digest
from scoreline.core.errors import StoreError, UsageError
from scoreline.core.records import Decision
from scoreline.store.rows import SeenRow
from scoreline.store.store import ControlStore


def _kinds(store: ControlStore) -> list[str]:
    return [r.kind for r in store.records(None)]


def test_landing_commits_manifest_cursor_object_and_receipt(store: ControlStore) -> None:
    """A landed batch reads back whole, and the stream knows its object and cursor."""
    made = batch(store, "a.csv", "A")
    landed = store.land(made, None)
    assert landed == replace(made, seq=1)
    assert store.batches() == [landed]
    seen = SeenRow("a.csv", made.object_digest, made.signature)
    assert store.stream_objects("lms.done") == [seen]
    assert store.digests("lms.done") == {made.object_digest}
    assert store.cursor("lms.done") == {"after": "A"}
    assert store.cursor("other.stream") is None
    assert _kinds(store) == ["receipt"]


def test_landing_twice_is_landing_once(store: ControlStore) -> None:
    """A batch whose id is there is not written again: the stored one comes back."""
    made = batch(store, "a.csv", "A")
    first = store.land(made, None)
    again = store.land(replace(made, signature="other", rows_typed=8, rows_broken=2), None)
    assert again == first
    assert _kinds(store) == ["receipt"]


def test_order_of_reception_runs_over_all_streams(store: ControlStore) -> None:
    """`seq` counts batches of every stream without a gap, whatever is written between."""
    for n in range(4):
        landed = store.land(batch(store, f"{n}.csv", str(n), stream=f"s.{n % 2}"), None)
        validate(store, landed)
    assert [b.seq for b in store.batches()] == [1, 2, 3, 4]
    assert [b.object for b in store.batches("s.1")] == ["1.csv", "3.csv"]


def test_the_same_bytes_received_again_get_another_id(store: ControlStore) -> None:
    """A, B, then A under one name are three batches, with ids that depend on content only."""
    first = store.land(batch(store, "a.csv", "A"), None)
    store.land(batch(store, "a.csv", "B"), None)
    third = store.land(batch(store, "a.csv", "A"), None)
    assert third.id != first.id
    assert third.id[0] == "b"
    assert len(third.id) == 12
    assert store.stream_objects("lms.done")[0].digest == third.object_digest


def test_lost_rows_are_refused(store: ControlStore) -> None:
    """Counts that do not add up are an error that says so, on landing and on validation."""
    with pytest.raises(StoreError, match="rows would be lost"):
        store.land(batch(store, "a.csv", "A", rows_typed=8), None)
    landed = store.land(batch(store, "a.csv", "A"), None)
    with pytest.raises(StoreError, match="rows would be lost"):
        validate(store, landed, rows_kept=6)
    assert store.batch(landed.id) == landed


def test_signatures_are_refreshed_for_known_objects_only(store: ControlStore) -> None:
    """A new signature replaces the old one; a name never read is passed over."""
    store.land(batch(store, "a.csv", "A"), None)
    for _ in range(2):
        store.refresh_signatures("lms.done", {"a.csv": "new", "never.csv": "x"})
    assert [(o.object, o.signature) for o in store.stream_objects("lms.done")] == [("a.csv", "new")]
    assert store.verify_ledger() == []


def test_a_new_extraction_supersedes_a_blocked_batch(store: ControlStore) -> None:
    """The blocked batch is rejected with its rows set aside, naming what took its place."""
    old = validate(store, store.land(batch(store, "a.csv", "A"), None), "blocked")
    made = batch(store, "a.csv", "B")
    new = store.land(made, old.id)
    found = store.batch(old.id)
    assert (found.state, found.reason) == ("rejected", f"superseded by {new.id}")
    assert [q.state for q in store.quarantines()] == ["rejected"]
    assert _kinds(store) == ["receipt", "checks", "receipt", "supersede"]
    assert store.land(made, old.id) == new
    assert store.verify_ledger() == []


def test_only_a_blocked_batch_of_the_stream_is_superseded(store: ControlStore) -> None:
    """Superseding a batch that is not blocked, or elsewhere, fails and lands nothing."""
    old = store.land(batch(store, "a.csv", "A"), None)
    other = validate(store, store.land(batch(store, "x.csv", "X", "s.x"), None), "blocked")
    for wrong in (old.id, other.id, "b00000000000"):
        with pytest.raises(UsageError, match="superseded"):
            store.land(batch(store, "a.csv", "B"), wrong)
    assert len(store.batches()) == 2


def test_an_unreadable_object_lands_blocked(store: ControlStore) -> None:
    """A batch without rows lands blocked with its reason and cannot be released."""
    made = batch(
        store, "a.csv", "A", state="blocked", reason="cannot be read: NUL at byte 7",
        rows_received=0, rows_typed=0, rows_broken=0, typed=None, broken=None, cursor=None,
    )  # fmt: skip
    landed = store.land(made, None)
    assert (landed.state, landed.reason) == ("blocked", "cannot be read: NUL at byte 7")
    with pytest.raises(UsageError, match="no rows to load"):
        store.decide(Decision(landed.id, "release", "why", "maya"), NOW)
    store.decide(Decision(landed.id, "reject", "why", "maya"), NOW)
    assert store.batch(landed.id).state == "rejected"
    assert store.verify_ledger() == []


def test_validation_commits_checks_rows_set_aside_and_state(store: ControlStore) -> None:
    """Results, quarantine and state read back as recorded; twice is once."""
    landed = store.land(batch(store, "a.csv", "A"), None)
    passed = validate(store, landed)
    assert (passed.state, passed.rows_kept, passed.rows_quarantined) == ("passed", 7, 2)
    assert passed.kept == file(f"kept {landed.id}")
    assert store.check_results(landed.id) == [result(landed)]
    assert store.check_results(stream="lms.done") == [result(landed)]
    assert store.check_results(stream="other") == []
    assert store.quarantines("lms.done", "held") == [aside(landed)]
    assert validate(store, landed) == passed
    assert _kinds(store) == ["receipt", "checks"]


def test_a_second_validation_with_another_outcome_is_refused(store: ControlStore) -> None:
    """What passed stays passed: another outcome of the same batch is an error."""
    landed = store.land(batch(store, "a.csv", "A"), None)
    validate(store, landed)
    with pytest.raises(UsageError, match="validated before"):
        validate(store, landed, "blocked")
    assert store.batch(landed.id).state == "passed"


@pytest.mark.parametrize(("decision", "state"), [("release", "passed"), ("reject", "rejected")])
def test_a_blocked_batch_is_decided_once(store: ControlStore, decision: str, state: str) -> None:
    """A decision changes the state, has a block of its own, and cannot be made again."""
    blocked = validate(store, store.land(batch(store, "a.csv", "A"), None), "blocked")
    made = Decision(blocked.id[:6], decision, "looked at it", "maya", "tom")  # type: ignore[arg-type]
    found = store.decide(made, NOW)
    assert (found.id, found.state) == (blocked.id, state)
    assert store.batch(blocked.id).released is (decision == "release")
    assert [b.count for b in store.blocks()] == [1]
    assert _kinds(store) == ["receipt", "checks"]
    with pytest.raises(UsageError, match="only a blocked batch"):
        store.decide(made, NOW)
    stored = store.decisions(blocked.id)
    assert [(s.decision.who, s.decision.subject, s.recorded_at) for s in stored] == [
        ("maya", blocked.id, NOW)
    ]
    assert store.verify_ledger() == []


def test_rows_set_aside_are_decided_once(store: ControlStore) -> None:
    """Held rows are released or rejected once; what cannot be released says why."""
    landed = store.land(batch(store, "a.csv", "A"), None)
    fixed = aside(landed, "contract", releasable=False, reason="cells break the contract")
    validate(store, landed, aside=[aside(landed), fixed])
    made = Decision(aside(landed).id, "release", "true scores", "maya")
    assert store.decide(made, NOW) == aside(landed, state="released")
    with pytest.raises(UsageError, match="released already"):
        store.decide(made, NOW)
    with pytest.raises(UsageError, match="cells break the contract"):
        store.decide(replace(made, subject=fixed.id), NOW)
    store.decide(replace(made, subject=fixed.id, decision="reject"), NOW)
    assert store.quarantine(fixed.id).state == "rejected"
    assert store.verify_ledger() == []


def test_a_decision_needs_a_reason_and_a_name(store: ControlStore) -> None:
    """An empty reason or name is refused before anything is looked up."""
    for reason, who in ((" ", "maya"), ("why", "")):
        with pytest.raises(UsageError, match="a reason and who"):
            store.decide(Decision("b123", "reject", reason, who), NOW)


def test_ids_are_found_by_their_beginning(store: ControlStore) -> None:
    """Four characters that are clear find a batch; else the error names the nearest."""
    landed = store.land(batch(store, "a.csv", "A"), None)
    assert store.batch(landed.id[:4]) == landed
    with pytest.raises(UsageError, match="at least its first 4"):
        store.batch(landed.id[:3])
    with pytest.raises(UsageError, match=f"nearest is {landed.id}"):
        store.batch(landed.id[:-1] + "z")
    with pytest.raises(UsageError, match="no quarantine 'q%%%'"):
        store.quarantine("q%%%")


def test_a_batch_read_again_is_landed_anew(store: ControlStore) -> None:
    """Its held rows are dropped, decided ones stay, and it passes through the gate again."""
    landed = store.land(batch(store, "a.csv", "A"), None)
    held = aside(landed, "contract")
    validate(store, landed, aside=[aside(landed), held])
    store.decide(Decision(aside(landed).id, "release", "true", "maya"), NOW)
    store.mark_loaded([landed.id], stream_state(landed))
    again = replace(landed, contract=digest(b"new"), rows_typed=10, rows_broken=0, broken=None)
    read = store.reland(again)
    assert (read.state, read.rows_typed, read.broken, read.kept) == ("landed", 10, None, None)
    assert (read.seq, read.received_at) == (landed.seq, landed.received_at)
    assert [q.state for q in store.quarantines()] == ["released"]
    assert store.reland(again) == read
    validate(store, read, rows_kept=8)
    assert [q.state for q in store.quarantines()] == ["released"]
    store.mark_loaded([landed.id], stream_state(landed))
    assert store.verify_ledger() == []


def test_loading_is_recorded_once(store: ControlStore) -> None:
    """Counts, refused rows, state and batches; the same again leaves no trace."""
    passed = validate(store, store.land(batch(store, "a.csv", "A"), None))
    state = stream_state(passed, events="2026-11-20,x,y\n" * 100)
    refused = aside(passed, "append", releasable=False)
    for _ in range(2):
        store.record_load(passed.id, {"inserted": 7}, refused, NOW)
        store.mark_loaded([passed.id], state)
        store.mark_loaded([], replace(state, loaded_at=NOW.replace(hour=9)))
    assert _kinds(store) == ["receipt", "checks", "load", "stream"]
    assert store.load_counts(passed.id) == {"inserted": 7}
    assert store.stream_state("lms.done") == state
    assert store.stream_states() == {"lms.done": state}
    assert store.batch(passed.id).state == "loaded"
    assert {q.check for q in store.quarantines()} == {"checks", "append"}


def test_only_what_passed_is_loaded(store: ControlStore) -> None:
    """A landed or blocked batch, or one of another stream, cannot be marked as loaded."""
    landed = store.land(batch(store, "a.csv", "A"), None)
    other = validate(store, store.land(batch(store, "x.csv", "X", "s.x"), None))
    for wrong in (landed.id, other.id, "b00000000000"):
        with pytest.raises(UsageError):
            store.mark_loaded([wrong], stream_state(landed))
    with pytest.raises(UsageError, match="cannot be loaded"):
        store.record_load(landed.id, {"inserted": 1}, None, NOW)
    assert store.stream_states() == {}
    assert _kinds(store) == ["receipt", "receipt", "checks"]


def test_extractions_and_dimensions_are_noted(store: ControlStore) -> None:
    """The newest successful extraction and every value ever seen read back."""
    for _ in range(2):
        store.note_extraction("lms.done", NOW)
        store.note_dimension("lms.done", "team", ["sales", "learning"])
        store.note_dimension("lms.done", "team", ["sales", "ops"])
    assert store.extracted_at("lms.done") == NOW
    assert store.extracted_at("other") is None
    assert store.dimension_values() == {
        ("lms.done", "team"): frozenset({"sales", "learning", "ops"})
    }
    assert store.verify_ledger() == []


def test_a_failed_load_is_noted_until_it_succeeds(store: ControlStore) -> None:
    """The newest reason reads back, each stream by itself; a success takes it away."""
    store.note_load_failure("lms.done", None, NOW)
    for reason in ("a file is missing", "a file is missing", "a row does not fit"):
        store.note_load_failure("lms.done", reason, NOW)
    store.note_load_failure("crm.deals", "a file is missing", NOW)
    assert store.load_failures() == {
        "crm.deals": "a file is missing",
        "lms.done": "a row does not fit",
    }
    store.note_load_failure("lms.done", None, NOW)
    assert store.load_failures() == {"crm.deals": "a file is missing"}
    assert store.verify_ledger() == []
