"""What Dagster shows of definitions and of a stream's ingestion.

What belongs here: plain values turned into Dagster's metadata: column schemas, links to
the definition's file, tables, plottable numbers. What does not: scores (score_metadata)
and anything that decides. Numbers are floats here because Dagster plots floats; no score
is ever computed from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.texts import block, code, printable
from scoreline.core.errors import Place
from scoreline.core.model import Column, Duration, Source, Stream
from scoreline.core.records import Batch
from scoreline.steps.reports import StreamReport

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}")
_WINDOWS = {"hours": 1, "days": 24, "weeks": 168}
_SHOWN_RECEIPTS = 5
Cell = str | int | float | bool | None
Metadata = dict[str, Any]


def code_references(root: Path, places: Iterable[Place]) -> Metadata:
    """The link from an asset to where it is defined: file and line on this machine."""
    references = [
        dg.LocalFileCodeReference(
            file_path=str(root / place.file), line_number=place.line or 1, label=place.file
        )
        for place in dict.fromkeys(places)
        if place.file
    ]
    if not references:
        return {}
    value = dg.CodeReferencesMetadataValue(code_references=list(references))
    return {"dagster/code_references": value}


def owners(wanted: Iterable[str | None]) -> list[str]:
    """The owners that Dagster accepts (e-mail addresses), each once."""
    return [o for o in dict.fromkeys(wanted) if o and _EMAIL.fullmatch(o)]


def column_schema(stream: Stream) -> dg.TableSchema:
    """The stream's contract as Dagster's table schema."""
    columns = [_column(stream, c) for c in stream.columns if c.personal != "drop"]
    other = [f"key: {', '.join(stream.key)}"] if stream.key else []
    other.append(f"load: {stream.load}" + (" with history" if stream.history else ""))
    return dg.TableSchema(columns=columns, constraints=dg.TableConstraints(other=other))


def _column(stream: Stream, column: Column) -> dg.TableColumn:
    other = [f"one of: {', '.join(column.one_of)}"] if column.one_of else []
    other += ["pseudonym"] if column.personal == "pseudonym" else []
    other += ["event time"] if column.name == stream.event_time else []
    other += [f"{column.on_error} on a broken cell"]
    return dg.TableColumn(
        name=column.name,
        type=str(column.type),
        description=f"“{column.header}” in the source" if column.header else None,
        constraints=dg.TableColumnConstraints(
            nullable=column.name not in stream.key,
            unique=stream.key == (column.name,) and stream.load != "append",
            other=[printable(text) for text in other],
        ),
    )


def freshness_policy(limit: Duration | None) -> dg.FreshnessPolicy | None:
    """Dagster's own policy: the stream was ingested within the limit.

    It is necessary but not enough (an ingest may find nothing new): the check `fresh`
    judges by the newest event. Working days have no fixed length and give no policy.
    """
    if limit is None or limit.unit not in _WINDOWS:
        return None
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=limit.amount * _WINDOWS[limit.unit])
    )


def kinds(source: Source) -> set[str]:
    """The kinds shown on a stream's asset: its connector and the engine that holds it."""
    return {re.sub(r"[^a-z0-9_]", "_", source.connector.lower())[:30] or "source", "duckdb"}


def table(rows: Sequence[Mapping[str, Cell]], limit: int, schema: dg.TableSchema) -> Metadata:
    """A table of at most `limit` rows, and how many there are where that cuts it."""
    records = [dg.TableRecord(dict(row)) for row in rows[:limit]]
    found: Metadata = {"table": dg.MetadataValue.table(records, schema=schema)}
    if len(rows) > limit:
        found["rows shown"] = f"{limit:,} of {len(rows):,}"
    return found


def schema_of(**types: str) -> dg.TableSchema:
    """A table schema from column names and Dagster's type words (`string`, `int`, `float`)."""
    return dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in types.items()])


def plotted(value: Fraction | None) -> float | None:
    """A number as Dagster plots it; None where it has no finite float."""
    if value is None:
        return None
    try:
        return float(value)
    except OverflowError:
        return None


_BATCHES = schema_of(
    batch="string", object="string", state="string", received_at="string", bytes="int",
    rows="int", kept="int", quarantined="int", broken="int", reason="string", sha256="string",
)  # fmt: skip


def stream_metadata(report: StreamReport, batches: Sequence[Batch]) -> Metadata:
    """What a stream's materialisation carries.

    Args:
        report: what ingesting it did.
        batches: its newest batches, oldest first.
    """
    newest = list(reversed(batches))
    found: Metadata = {
        "state": report.state,
        "dagster/row_count": report.rows_in_stream,
        "rows received": report.rows_received,
        "rows inserted": report.rows_inserted,
        "rows repeated": report.rows_repeated,
        "rows superseded": report.rows_superseded,
        "rows quarantined": report.rows_quarantined,
        "batches landed": report.landed,
        "batches loaded": report.loaded,
        "batches blocked": len(report.blocked),
        "batches waiting": report.waiting,
        "objects unchanged": report.unchanged,
        "objects copied": report.copies,
    }
    if report.newest_event:
        found["newest event"] = dg.MetadataValue.timestamp(
            datetime.fromisoformat(report.newest_event)
        )
    if report.blocked:
        found["why blocked"] = dg.MetadataValue.md(blocked_text(report))
    if newest:
        found["batches"] = table([_batch_row(b) for b in newest], len(newest), _BATCHES)["table"]
        receipts = {b.id: dict(b.receipt) for b in newest[:_SHOWN_RECEIPTS]}
        found["receipts"] = dg.MetadataValue.json(receipts)
    return found


def blocked_text(report: StreamReport) -> str:
    """Why batches are blocked and what a person can do, as Markdown."""
    reasons = zip(report.blocked, report.block_reasons, strict=False)
    lines = [f"- {code(batch)}: {code(reason)}" for batch, reason in reasons]
    hint = "scoreline batches release | reject ID --reason …"
    after = f"The stream is held, {report.waiting} more wait behind it, until one of:"
    return "\n".join([*lines, "", after, "", block(hint)])


def _batch_row(batch: Batch) -> dict[str, Cell]:
    size = batch.receipt.get("bytes")
    return {
        "batch": batch.id,
        "object": printable(batch.object),
        "state": batch.state,
        "received_at": batch.received_at.isoformat(timespec="seconds"),
        "bytes": size if isinstance(size, int) else None,
        "rows": batch.rows_received,
        "kept": batch.rows_kept,
        "quarantined": batch.rows_quarantined,
        "broken": batch.rows_broken,
        "reason": printable(batch.reason or ""),
        "sha256": batch.object_digest,
    }
