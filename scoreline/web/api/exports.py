"""Exports: whole tables as CSV, JSON or Parquet.

What belongs here: tables and their formats. What does not: paging (routes). Text in CSV is
safe against formulas; numbers are plain decimals.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from scoreline.core.cells import safe_cell
from scoreline.steps.status import key_result_json, objective_json
from scoreline.web.api.asking import PROBLEMS, AsOf, LiveProject, asked_day
from scoreline.web.api.reading import check_in_of, score_of
from scoreline.web.reading.live import Live

Row = Mapping[str, Any]
Format = Literal["csv", "json", "parquet"]
NUMBERS = frozenset(
    (
        "value", "numerator", "denominator", "baseline", "target", "progress", "expected",
        "score", "coverage", "confidence",
    )
)  # fmt: skip
"""The columns that hold decimal numbers."""

TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
router = APIRouter(
    prefix="/exports",
    responses={
        **PROBLEMS,
        200: {
            "description": "The whole table",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
                "application/vnd.apache.parquet": {
                    "schema": {"type": "string", "format": "binary"}
                },
            },
        },
    },
)


@router.get("/key-results.{format}", response_class=Response)
def key_results(live: LiveProject, format: Format, as_of: AsOf = None) -> Response:  # noqa: A002
    """Every key result as of a day."""
    snapshot = live.snapshot(asked_day(live, as_of))
    rows = [key_result_json(row) for row in snapshot.standing.key_results]
    return _answer("key-results", format, rows)


@router.get("/objectives.{format}", response_class=Response)
def objectives(live: LiveProject, format: Format, as_of: AsOf = None) -> Response:  # noqa: A002
    """Every objective, team and organisation as of a day."""
    snapshot = live.snapshot(asked_day(live, as_of))
    rows = [objective_json(entry) for entry in snapshot.standing.objectives]
    return _answer("objectives", format, rows)


@router.get("/scores.{format}", response_class=Response)
def scores(
    live: LiveProject,
    format: Format,  # noqa: A002
    last: Annotated[date | None, Query(alias="to", description="Default: the newest day.")] = None,
    days: Annotated[int, Query(ge=1, le=400, description="How many, the last one included.")] = 1,
) -> Response:
    """The recorded scores in force of the days up to one."""
    end = asked_day(live, last) or live.project().default_day()
    start = date.fromordinal(max(end.toordinal() - days + 1, 1))
    return _answer("scores", format, _scores(live, start, end))


def _scores(live: Live, start: date, end: date) -> list[Row]:
    found: list[Row] = []
    with live.reading() as project:
        for ordinal in range(start.toordinal(), end.toordinal() + 1):
            stored = project.store.latest_scores(date.fromordinal(ordinal))
            found += [score_of(stored[name]).model_dump() for name in sorted(stored)]
    return found


@router.get("/check-ins.{format}", response_class=Response)
def check_ins(live: LiveProject, format: Format) -> Response:  # noqa: A002
    """Everything that people ever said."""
    entries = live.project().store.check_ins()
    return _answer("check-ins", format, [check_in_of(entry).model_dump() for entry in entries])


def _answer(name: str, kind: Format, rows: Sequence[Row]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(_WRITERS[kind](rows), media_type=TYPES[kind], headers=headers)


def as_csv(rows: Sequence[Row]) -> bytes:
    """CSV with a header (RFC 4180), UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    names = list(rows[0]) if rows else []
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(name, row[name]) for name in names])
    return out.getvalue().encode()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if name in NUMBERS and _is_number(text) else safe_cell(text)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()


def as_json(rows: Sequence[Row]) -> bytes:
    """One JSON array."""
    return json.dumps(list(rows), ensure_ascii=False).encode()


def as_parquet(rows: Sequence[Row]) -> bytes:
    """Parquet; numbers as decimal(38, 10), whatever does not fit is empty there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = list(rows[0]) if rows else []
    columns, fields = [], []
    for name in names:
        values = [row[name] for row in rows]
        kind = _kind(pa, name, values)
        fields.append(pa.field(name, kind))
        columns.append(pa.array([_typed(kind, pa, v) for v in values], type=kind))
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=pa.schema(fields)), out)
    return out.getvalue()


def _kind(pa: Any, name: str, values: Sequence[Any]) -> Any:
    if name in NUMBERS:
        return pa.decimal128(38, 10)
    return pa.bool_() if any(isinstance(v, bool) for v in values) else pa.string()


def _typed(kind: Any, pa: Any, value: Any) -> Any:
    if value is None or not pa.types.is_decimal(kind):
        return value if value is None or pa.types.is_boolean(kind) else str(value)
    if not _is_number(str(value)):
        return None
    number = Decimal(str(value)).quantize(Decimal("0.0000000001"))
    return number if len(number.as_tuple().digits) <= 38 else None


_WRITERS: Mapping[str, Callable[[Sequence[Row]], bytes]] = {
    "csv": as_csv,
    "json": as_json,
    "parquet": as_parquet,
}
