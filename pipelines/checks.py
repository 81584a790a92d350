"""A stream's checks as Dagster asset checks: reported, never blocking.

What belongs here: naming them, and one result for each check out of those on every batch
of a run. What does not: evaluating a check, and what its outcome does to a batch; the
gate decides that, so Dagster must not skip anything because of a check.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.metadata import Metadata, blocked_text, schema_of, table
from pipelines.naming import check_names
from pipelines.project import Ingested
from pipelines.texts import code, printable
from scoreline.core.model import Stream
from scoreline.core.records import CheckResult
from scoreline.quality.checks import checks_for
from scoreline.quality.model import CheckSpec
from scoreline.steps.reports import StreamReport

FRESH = "fresh"
NOT_HELD = "not_held"
_SHOWN_BATCHES = 50
_BY_BATCH = schema_of(
    batch="string", outcome="string", evaluated="int", unexpected="int", failing_rows="string",
    took="string", message="string",
)  # fmt: skip


def named_checks(stream: Stream) -> dict[str, CheckSpec]:
    """The checks that are evaluated on a batch, by name, in the order of evaluation."""
    contract, declared = checks_for(stream)
    specs = [*contract, *declared]
    return dict(zip(check_names(specs, (FRESH, NOT_HELD)), specs, strict=True))


def check_specs(stream: Stream, key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Every check of a stream's asset: those on batches, whether it is held, whether fresh."""
    found = [
        _spec(name, key, f"{spec.label} ({spec.origin}; on failure: {spec.on_failure})")
        for name, spec in named_checks(stream).items()
    ]
    found.append(_spec(NOT_HELD, key, "No batch is blocked, so nothing waits behind one"))
    if stream.fresh_within is not None:
        what = "event" if stream.fresh_by == "event" else "successful look"
        found.append(_spec(FRESH, key, f"The newest {what} is within {stream.fresh_within}"))
    return found


def _spec(name: str, key: dg.AssetKey, description: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=key, description=description, blocking=False)


def check_results(
    done: Ingested, stream: Stream, key: dg.AssetKey, wanted: Collection[str]
) -> Iterator[dg.AssetCheckResult]:
    """The results of a run for one stream, of the checks that are wanted.

    A check on batches gives none where no batch was validated: its last result stands.

    Args:
        done: what ingesting the source did.
        stream: the stream as it was ingested.
        key: its asset.
        wanted: names of the checks that the run is to report.
    """
    report = done.report.streams.get(stream.full_name) if done.report else None
    if report is None:
        return
    for position, (name, spec) in enumerate(named_checks(stream).items()):
        found = [r for r in report.checks if r.position == position and r.type == spec.type]
        if name in wanted and found:
            yield _on_batches(name, key, found)
    if NOT_HELD in wanted and report.error is None:
        yield _not_held(key, report)
    if FRESH in wanted and stream.full_name in done.stale:
        words = done.stale[stream.full_name]
        meta: Metadata = {"newest event": report.newest_event or "none"}
        yield _result(FRESH, key, words is None, words or "fresh", meta)


def _on_batches(name: str, key: dg.AssetKey, results: Sequence[CheckResult]) -> dg.AssetCheckResult:
    outcomes = {r.outcome for r in results}
    outcome = next(o for o in ("error", "fail", "pass") if o in outcomes)
    shown = [r for r in results if r.outcome == outcome]
    metadata: Metadata = {
        "outcome": outcome,
        "evaluated": sum(r.evaluated or 0 for r in results),
        "unexpected": sum(r.unexpected or 0 for r in results),
        "message": dg.MetadataValue.md("\n".join(f"- {code(r.message)}" for r in shown[:20])),
        "policy": results[0].policy,
    }
    rows = table([_row(r) for r in results], _SHOWN_BATCHES, _BY_BATCH)
    metadata |= {"by batch": rows.pop("table"), **rows}
    words = shown[0].message + (f" (and {len(shown) - 1} more)" if len(shown) > 1 else "")
    if outcome == "error":
        words = f"It could not be evaluated, so it neither passed nor failed: {words}"
    return _result(name, key, outcome == "pass", words, metadata)


def _row(result: CheckResult) -> dict[str, str | int | float | bool | None]:
    return {
        "batch": result.batch,
        "outcome": result.outcome,
        "evaluated": result.evaluated,
        "unexpected": result.unexpected,
        "failing_rows": ", ".join(map(str, result.failing_rows)),
        "took": result.took,
        "message": printable(result.message),
    }


def _not_held(key: dg.AssetKey, report: StreamReport) -> dg.AssetCheckResult:
    if not report.blocked:
        return _result(NOT_HELD, key, True, "no batch is blocked", {"batches blocked": 0})
    metadata: Metadata = {
        "batches blocked": len(report.blocked),
        "batches waiting": report.waiting,
        "why": dg.MetadataValue.md(blocked_text(report)),
    }
    words = f"{report.blocked[0]}: {next(iter(report.block_reasons), '')}"
    return _result(NOT_HELD, key, False, words, metadata)


def _result(
    name: str, key: dg.AssetKey, passed: bool, words: str, metadata: Mapping[str, Any]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=printable(words),
        metadata=metadata,
    )
