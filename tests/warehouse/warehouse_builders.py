"""Streams, batches and Parquet files for the warehouse's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scoreline.core.model import Column, ColumnType, Stream
from scoreline.core.records import Batch

START = datetime(2026, 7, 1, 5, tzinfo=UTC)


def column(name: str, kind: str, **more: Any) -> Column:
    """A column from a type as the definitions write it."""
    if kind.startswith("decimal"):
        precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
        return Column(name, ColumnType("decimal", int(precision), int(scale)), **more)
    return Column(name, ColumnType(kind), **more)  # type: ignore[arg-type]


def stream(*columns: Column, load: str = "merge", **more: Any) -> Stream:
    """A stream `crm.deals` keyed by its first column."""
    more.setdefault("key", (columns[0].name,))
    return Stream("deals", "crm", columns, load=load, **more)  # type: ignore[arg-type]


def batch(number: int) -> Batch:
    """The manifest of the n-th batch received, a day after the one before."""
    return Batch(
        id=f"b{number}",
        stream="crm.deals",
        object=f"{number}.csv",
        object_digest=f"{number:064d}",
        signature="",
        contract="c",
        received_at=START + timedelta(days=number),
        run="r",
        state="passed",
        rows_received=0,
        rows_typed=0,
        rows_broken=0,
        receipt={},
        seq=number,
    )


def parquet(path: Path, rows: list[dict[str, Any]], schema: dict[str, pa.DataType]) -> Path:
    """A typed file of rows, numbered from 1."""
    columns = {n: pa.array([r[n] for r in rows], type=t) for n, t in schema.items()}
    columns["_row"] = pa.array(range(1, len(rows) + 1), type=pa.int64())
    pq.write_table(pa.table(columns), path)
    return path
