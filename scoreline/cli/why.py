"""`why`: what moved a score, plain words first.

What belongs here: wording and printing. What does not: finding out (steps.why).
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from scoreline.cli.console import console, number, opened, percent, print_json, safe, table
from scoreline.core.exact import exact_text, shown
from scoreline.core.scoring import Score
from scoreline.steps.row_effects import RowEffect, Segment
from scoreline.steps.status import find_key_result
from scoreline.steps.why import WORDS, Step, Why, why
from scoreline.store.rows import StoredScore
from scoreline.warehouse.rows_behind import Origin

_ROWS = 10


def show_why(root: Path, name: str, since: date, until: date | None, json: bool) -> int:
    """Print what moved a score; returns 0."""
    with opened(root) as project:
        found = why(project, find_key_result(project, name), since, until)
    if json:
        print_json(as_json(found))
    else:
        _print(found)
    return 0


def as_json(found: Why) -> dict[str, Any]:
    """The two scores and the steps between them, as plain values; numbers exact."""
    return {
        "id": found.key_result.id,
        "since": _end(found.since, found.first),
        "until": _end(found.until, found.last),
        "difference": {"value": _text(found.value), "progress": _text(found.progress)},
        "steps": [_step(step) for step in found.steps],
    }


def _end(stored: StoredScore, score: Score) -> dict[str, Any]:
    return {
        "as_of": stored.as_of.isoformat(),
        "recorded_at": stored.recorded_at.isoformat(),
        "record": stored.digest,
        "value": _text(score.value),
        "progress": _text(score.progress),
        "status": score.status,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "value": _text(step.value),
        "progress": _text(step.progress),
        "value_after": _text(step.after.value),
        "progress_after": _text(step.after.progress),
        "status_after": step.after.status,
        "notes": list(step.notes),
        "rows_in_streams": step.rows.count if step.rows else None,
        "rows": [_row(r) for r in step.rows.rows] if step.rows else [],
        "segments": [_segment(s) for s in step.rows.segments] if step.rows else [],
        "batches": [
            {"stream": s, "batch": b, "object": o}
            for s, b, o in (step.rows.batches if step.rows else [])
        ],
    }


def _row(row: RowEffect) -> dict[str, Any]:
    return {
        "metric": row.metric,
        "key": dict(row.key),
        "changes": {c: list(pair) for c, pair in row.changes.items()},
        "numerator": _text(row.numerator),
        "denominator": _text(row.denominator),
        "to_value": _text(row.to_value),
        **(_origin(row.origins[0]) if row.sources == 1 and row.origins else {}),
        "origins": [_origin(o) for o in row.origins],
        "sources": row.sources,
    }


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "stream": origin.stream,
        "batch": origin.batch,
        "object": origin.object,
        "row": origin.row,
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {
        "metric": segment.metric,
        "dimension": segment.dimension,
        "value": segment.value,
        "numerator": _text(segment.numerator),
        "denominator": _text(segment.denominator),
    }


def _text(value: Fraction | None) -> str | None:
    return None if value is None else exact_text(value)


def _print(found: Why) -> None:
    out = console()
    out.print(f"[bold]{safe(found.key_result.title)}[/]\n[dim]{safe(found.key_result.id)}[/]\n")
    out.print(_sentence(found))
    if not found.steps:
        return
    rows = [
        [WORDS[s.kind], _moved(s), _signed(s.value), _percent(s.progress), s.after.status]
        for s in found.steps
    ]
    rows.append(["[bold]together[/]", "", _signed(found.value), _percent(found.progress), ""])
    out.print()
    out.print(table("", ("what", "", "value#", "progress#", "status then"), rows))
    for step in found.steps:
        _print_details(step, out)


def _sentence(found: Why) -> str:
    """What happened, in words: from what to what, and the largest causes."""
    first, last = found.first, found.last
    day = f"{found.since.as_of:%d %B %Y}"
    later = f"{found.until.as_of:%d %B %Y}"
    if found.since.digest == found.until.digest:
        return f"There is one record from {day} to {later}: nothing moved."
    if first.value is None and last.value is None:
        way = f"It stood at {percent(first.progress)} and stands at {percent(last.progress)}"
    else:
        way = f"It was {_value(first)} as of {day} and is {_value(last)} as of {later}"
        if found.value is not None:
            way += f", {_signed(found.value)}" if found.value else ", the same"
    if first.status != last.status:
        way += f"; the status went from {_plain(first.status)} to {_plain(last.status)}"
    causes = [f"{WORDS[s.kind]} ({_signed(s.value)})" for s in _largest(found.steps)]
    return f"{way}." + (f" What moved it: {', '.join(causes)}." if causes else "")


def _largest(steps: list[Step]) -> list[Step]:
    return sorted((s for s in steps if s.value), key=_size, reverse=True)


def _size(step: Step) -> Fraction:
    return abs(step.value or Fraction(0))


def _plain(status: str) -> str:
    return status.replace("_", " ")


def _value(score: Score) -> str:
    return "without a value" if score.value is None else number(shown(score.value))


def _signed(value: Fraction | None) -> str:
    if value is None:
        return "–"
    return ("+" if value > 0 else "") + number(shown(value))


def _percent(value: Fraction | None) -> str:
    return "–" if value is None else ("+" if value > 0 else "") + percent(value)


def _moved(step: Step) -> str:
    if step.rows is None:
        return ""
    return f"{step.rows.count:,} {'row' if step.rows.count == 1 else 'rows'} in the streams"


def _print_details(step: Step, out: Any) -> None:
    if step.notes or (step.rows and step.rows.rows):
        out.print(f"\n[bold]{WORDS[step.kind].capitalize()}[/]")
    for note in step.notes:
        out.print(f"  {safe(note)}")
    if step.rows is None:
        return
    for row in step.rows.rows[:_ROWS]:
        out.print(f"  {_row_words(row)}", soft_wrap=True)
    if len(step.rows.rows) > _ROWS:
        out.print("  … `--json` lists more", style="dim")
    for segment in step.rows.segments:
        below = f" of {_signed(segment.denominator)}" if segment.denominator is not None else ""
        out.print(
            f"  [dim]{safe(segment.dimension)} {safe(segment.value)}: "
            f"{_signed(segment.numerator)}{below} in all[/]"
        )


def _row_words(row: RowEffect) -> str:
    key = ", ".join(f"{safe(k)} {safe(v)}" for k, v in row.key.items() if v is not None)
    key = f"gone: {key}" if row.kind == "gone" else key
    below = f" / {_signed(row.denominator)}" if row.denominator is not None else ""
    changes = "; ".join(
        f"{safe(c)} {safe('–' if a is None else a)} → {safe('–' if b is None else b)}"
        for c, (a, b) in row.changes.items()
        if row.kind == "changed"
    )
    return (
        f"{_signed(row.numerator)}{below}  {key}"
        + (f": {changes}" if changes else "")
        + f"  [dim]{_sources(row)}[/]"
    )


def _sources(row: RowEffect) -> str:
    """Where a row comes from: two of its source rows, and how many more there are."""
    named = [f"{safe(o)}, batch {o.batch}" for o in row.origins[:2]]
    rest = row.sources - len(named)
    return "; ".join(named) + (f" and {rest:,} more" if named and rest else "")
