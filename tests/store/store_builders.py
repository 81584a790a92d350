"""Stores with something of everything in them, for the tests of the control store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from scoreline.core.access import Look
from scoreline.core.digests import digest
from scoreline.core.notices import Message
from scoreline.core.records import (
    Baseline,
    Batch,
    CheckIn,
    CheckResult,
    CycleEvent,
    Decision,
    DefinitionVersion,
    Quarantine,
    Restatement,
    ScoreRecord,
    SigningKey,
    StoredFile,
    StreamState,
    ValueRecord,
)
from scoreline.store.store import ControlStore

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)
CONTRACT = digest(b"contract")
KR = "2026-H2/learning/crm/rate"


def store_url(path: Path) -> str:
    return f"sqlite:///{path / 'control.db'}"


def file(content: str, suffix: str = ".parquet") -> StoredFile:
    return StoredFile(digest(content.encode()), len(content), suffix)


def batch(
    store: ControlStore, name: str, content: str, stream: str = "lms.done", **more: Any
) -> Batch:
    """A batch of 10 rows, 9 typed and 1 broken, whose id the store gives."""
    object_digest = digest(content.encode())
    made = Batch(
        id=store.batch_id(stream, name, object_digest, CONTRACT),
        stream=stream,
        object=name,
        object_digest=object_digest,
        signature=f"signature of {content}",
        contract=CONTRACT,
        received_at=NOW,
        run="20261121T060000Z-00000000",
        state="landed",
        rows_received=10,
        rows_typed=9,
        rows_broken=1,
        receipt={"rows_received": 10, "warnings": []},
        received=file(content, ".csv"),
        typed=file(f"typed {content}"),
        broken=file(f"broken {content}"),
        cursor={"after": content},
    )
    return replace(made, **more)


def aside(of: Batch, check: str = "checks", **more: Any) -> Quarantine:
    """Two rows of a batch set aside, which may be released."""
    made = Quarantine(
        id="q" + digest(f"{of.id} {check}".encode())[:11],
        batch=of.id,
        stream=of.stream,
        check=check,
        reason="score above 100",
        rows=2,
        file=file(f"aside {of.id} {check}"),
        releasable=True,
    )
    return replace(made, **more)


def result(of: Batch, position: int = 0) -> CheckResult:
    return CheckResult(
        batch=of.id,
        position=position,
        type="expect_column_values_to_be_between",
        arguments={"column": "score", "max_value": 100},
        origin="lms.done",
        outcome="fail",
        policy="quarantine",
        took="quarantined",
        message="2 of 9 rows have a score above 100",
        evaluated=9,
        unexpected=2,
        failing_rows=(3, 7),
        detail={"observed": "150"},
    )


def validate(store: ControlStore, of: Batch, state: Any = "passed", **more: Any) -> Batch:
    """Validate a batch: two rows set aside, seven kept."""
    reason = None if state == "passed" else "learner_id is null in 1 row"
    given: dict[str, Any] = {"aside": [aside(of)], "reason": reason, "kept": file(f"kept {of.id}")}
    given |= {"rows_kept": 7, "rows_quarantined": 2, "results": [result(of)], **more}
    return store.record_validation(batch_id=of.id, state=state, **given)


def stream_state(*loaded: Batch, events: str = "", stream: str = "lms.done") -> StreamState:
    ids = tuple(b.id for b in loaded)
    content = digest(" ".join(b.object_digest for b in loaded).encode())
    return StreamState(stream, content, 7 * len(loaded), ids, events, NOW)


def value(request: str = "r1", points: int = 3, **more: Any) -> ValueRecord:
    series = "".join(f"2026-{m // 28 + 1:02d}-{m % 28 + 1:02d},{m},100\n" for m in range(points))
    made = ValueRecord(
        request=request,
        metric="rate",
        filter=[["team", ["sales"]]],
        cycle="2026-H2",
        offset=None,
        series=series,
        inputs={"lms.done": digest(b"state")},
        input_digest=digest(request.encode()),
    )
    return replace(made, **more)


def score(kr: str = KR, day: date = DAY, **body: Any) -> ScoreRecord:
    content: Mapping[str, Any] = {"status": "on_track", "good": True, "value": "62.5", **body}
    return ScoreRecord(kr, day, content)


def definition(name: str = "metric rate", **more: Any) -> DefinitionVersion:
    made = DefinitionVersion(name, "metric", {"unit": "share"}, "SELECT 1", ({"what": "new"},))
    return replace(made, **more)


def baseline(kr: str = KR, day: date = date(2026, 6, 30), numerator: str = "35") -> Baseline:
    return Baseline(kr, day, numerator, "100", {"request": "r1"})


def check_in(**more: Any) -> CheckIn:
    made = CheckIn(KR, DAY, "maya.chen@acme.example", value="62", confidence="0.7", note="ok")
    return replace(made, **more)


def closed_cycle() -> CycleEvent:
    scored = {KR: {"score": "0.625", "record": digest(b"score")}}
    misses = {KR: "the vendor was late"}
    return CycleEvent("2026-H2", "closed", "over", "maya", "tom", DAY, misses, scored)


def restatement(closing: str, now: str) -> Restatement:
    return Restatement(KR, closing, DAY, {"score": "0.625"}, {"score": now}, {"streams": []})


def commit(store: ControlStore, run: str = "run", **more: Any) -> Any:
    """Commit one of everything, or what is given."""
    given: dict[str, Any] = {
        "values": [value()],
        "definitions": [definition()],
        "baselines": [baseline()],
        "scores": [score()],
    }
    return store.commit_run(run, **{**given, **more}, now=NOW)


def fill(store: ControlStore) -> None:
    """Something of everything: each state, each kind of record, sealed and waiting."""
    run = store.begin_run("run", DAY, "0.1.0", NOW)
    loaded = validate(store, store.land(batch(store, "a.csv", "A")))
    blocked = validate(store, store.land(batch(store, "b.csv", "B")), "blocked")
    refused = aside(loaded, "append", releasable=False)
    store.record_load(loaded.id, {"inserted": 5, "refused": 2}, refused, NOW)
    events = "".join(f"2026-01-{d:02d},x,y\n" for d in range(1, 29)) * 4
    store.mark_loaded([loaded.id], stream_state(loaded, events=events))
    store.note_extraction("lms.done", NOW)
    store.note_load_failure("lms.late", "its file is missing", NOW)
    store.note_dimension("lms.done", "team", ["sales", "learning"])
    commit(store, run, values=[value(), value("r2", points=300)])
    commit(store, run, scores=[score(value="70")], definitions=[definition(body={"unit": "count"})])
    store.land(batch(store, "b.csv", "B2"), blocked.id)
    later = validate(store, store.land(batch(store, "c.csv", "C")), "blocked")
    store.decide(Decision(later.id, "release", "seen", "maya", "tom"), NOW)
    store.decide(Decision(aside(later).id, "reject", "typing errors", "maya"), NOW)
    store.reland(replace(later, contract=digest(b"changed"), rows_typed=10, rows_broken=0))
    store.add_check_in(check_in(), NOW)
    store.add_key(SigningKey("k1", "00" * 32, "maya", "the first"), NOW)
    closing = store.record_cycle(closed_cycle(), NOW)
    reopened = CycleEvent("2026-H2", "reopened", "too early", "maya", "tom", closing=closing)
    store.record_cycle(reopened, NOW)
    again = store.record_cycle(closed_cycle(), NOW)
    for now in ("0.5", "0.6"):
        commit(store, run, restatements=[restatement(again, now)])
    store.end_run(run, "finished", NOW, {"scores": 1})
    store.begin_run("ingest", None, "0.1.0", NOW)
    store.note_checkpoint(1, signature="c2ln", key_id="k1", copied_to="checkpoint.txt")
    store.enqueue({}, {"key_result a": "on_track"}, [Message("k", "ops", "status", "t", "b")], NOW)
    store.put_user("maya@acme.example", ["owner"], "scrypt$x", NOW)
    store.note_look(Look(NOW, "ana@acme.example", "rows", KR, "page 1"))
