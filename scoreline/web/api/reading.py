"""From what the page reads to the shapes of the API.

What belongs here: one function for each shape. What does not: addresses.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from scoreline.core.exact import shown
from scoreline.core.records import CheckIn
from scoreline.steps.discipline import DueCheckIn
from scoreline.steps.status import decimal_text, key_result_json
from scoreline.store.rows import StoredScore
from scoreline.web.api.asking import either, text_of
from scoreline.web.api.shapes import (
    ChangeShape,
    CheckInShape,
    DueShape,
    HealthShape,
    KeyResultDetail,
    Point,
    ScoreShape,
    StreamShape,
)
from scoreline.web.links import ServerLinks
from scoreline.web.reading.changes import Difference
from scoreline.web.reading.health import Health, StreamHealth
from scoreline.web.reading.lines import unit_of
from scoreline.web.reading.snapshot import Snapshot


def detail_of(snapshot: Snapshot, name: str, links: ServerLinks) -> KeyResultDetail:
    """One key result with what explains it."""
    scored, row = snapshot.scored[name], snapshot.rows[name]
    kr, said = scored.kr, snapshot.newest_check_in(scored.kr)
    unit = unit_of(snapshot.plan, kr)
    return KeyResultDetail(
        **key_result_json(row),
        unit=str(unit) if unit else None,
        metric=kr.metric,
        commitment=snapshot.objective_of[name].commitment,
        start=kr.start.isoformat(),
        due=kr.due.isoformat(),
        reason=scored.score.reason,
        formula=scored.score.formula,
        confidence=said.confidence if said else None,
        page=links.key_result(name),
    )


def point_of(snapshot: Snapshot, name: str, day: date) -> Point:
    """A key result's value on a day, as the data are known now."""
    seen = snapshot.scored[name].observed.seen
    value = seen.value_on(day)
    number: Fraction | None = value.fraction if value else None
    return Point(
        day=day.isoformat(),
        value=shown(number * seen.factor) if number is not None else None,
        numerator=decimal_text(value.numerator) if value else None,
        denominator=decimal_text(value.denominator if value else None),
    )


def check_in_of(entry: CheckIn) -> CheckInShape:
    """One check-in."""
    return CheckInShape(
        key_result=entry.key_result,
        day=entry.day.isoformat(),
        who=entry.who,
        value=entry.value,
        confidence=entry.confidence,
        note=entry.note,
        until=text_of(entry.until),
        reason=entry.reason,
        approver=entry.approver,
        recorded_at=text_of(entry.at),
    )


def due_of(due: DueCheckIn) -> DueShape:
    """One check-in that is due."""
    return DueShape(
        key_result=due.key_result.id,
        owner=due.owner,
        since=due.since.isoformat(),
        last=text_of(due.last),
        missed=due.missed,
    )


def health_of(found: Health) -> HealthShape:
    """The health of every stream."""
    return HealthShape(
        well=found.well,
        as_of=found.frame.as_of.isoformat(),
        recorded_at=text_of(found.frame.recorded_at),
        trouble=list(found.trouble),
        streams=[_stream(s.name, t, s.failed) for s in found.sources for t in s.streams],
    )


def _stream(source: str, stream: StreamHealth, failed: str | None) -> StreamShape:
    held = stream.held
    return StreamShape(
        name=stream.name,
        source=source,
        state=stream.words,
        rows=stream.rows,
        newest_event=text_of(stream.newest),
        last_read=text_of(stream.read),
        fresh_within=stream.limit or None,
        blocked_batch=held.id if held else None,
        reason=either((stream.failed, failed, held.reason if held else None, stream.stale)),
        key_results=stream.used_by,
    )


def change_of(found: Difference) -> ChangeShape:
    """One key result that differs."""
    return ChangeShape(
        key_result=found.id,
        title=found.title,
        status_before=found.status_before,
        status=found.status,
        progress_before=shown(found.progress_before),
        progress=shown(found.progress),
        cause=str(found.cause) if found.cause else None,
    )


def score_of(stored: StoredScore) -> ScoreShape:
    """A recorded score; texts as they stand in the record."""
    body = stored.body
    return ScoreShape(
        key_result=stored.key_result,
        as_of=stored.as_of.isoformat(),
        recorded_at=stored.recorded_at.isoformat(),
        record=stored.digest,
        replaces=body.get("replaces"),
        run=stored.run,
        status=stored.status,
        reason=body.get("reason"),
        value=body["shown"]["value"],
        progress=body["shown"]["progress"],
        expected=body["shown"]["expected"],
        score=body.get("score"),
        formula=str(body.get("formula") or ""),
        definition=str(body["definition"]),
    )
