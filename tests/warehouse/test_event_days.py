"""The event days of a stream, held against asking DuckDB for every row's local day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_builders import batch, column, parquet, stream

from scoreline.core.model import Stream
from scoreline.warehouse.warehouse import Warehouse

# St. John's went back from 00:01 to 23:01 of the day before until 2011; Berlin kept local
# mean time, 53:28 minutes ahead, until 1893; Kathmandu is 5:45 ahead, Lord Howe moves by half
# an hour
CHANGES = {
    "America/St_Johns": datetime(2006, 10, 29, 2, 31, tzinfo=UTC),
    "Europe/Berlin": datetime(1893, 3, 31, 23, 6, 32, tzinfo=UTC),
    "Asia/Kathmandu": datetime(2026, 7, 1, 18, 15, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 4, 15, 0, tzinfo=UTC),
}


def _declared(kind: str) -> Stream:
    more = {"timezone": "UTC"} if kind == "timestamp" else {}
    columns = (column("id", "integer"), column("moment", kind, **more))
    return stream(*columns, load="append", event_time="moment")


def _days(
    folder: Path, zone: str, declared: Stream, values: list[datetime | date | None]
) -> tuple[str, str]:
    """What the warehouse says, and what a plain query for each row's day says."""
    kind = pa.date32() if declared.columns[1].type.kind == "date" else pa.timestamp("us", "UTC")
    rows = [{"id": n, "moment": value} for n, value in enumerate(values)]
    path = parquet(folder / "1.parquet", rows, {"id": pa.int64(), "moment": kind})
    with Warehouse(None, zone, folder) as made:
        made.prepare([declared])
        made.load(declared, batch(1), "b1", [path], folder / "refused", lambda _c: None)
        found = made.event_days(declared)
        text = "strftime(timezone('UTC', {0}), '%Y-%m-%dT%H:%M:%S.%fZ')"
        plain = made.connection.execute(
            "SELECT strftime(d, '%Y-%m-%d') || ',' || "
            f"{text.format('min(t)')} || ',' || {text.format('max(t)')} "
            "FROM (SELECT moment::TIMESTAMPTZ AS t, moment::TIMESTAMPTZ::DATE AS d FROM crm.deals) "
            "WHERE t IS NOT NULL GROUP BY d ORDER BY d"
        ).fetchall()
    return found, "\n".join(line for (line,) in plain)


@pytest.mark.parametrize("zone", CHANGES)
@settings(max_examples=15, deadline=None)
@given(
    offsets=st.lists(
        st.one_of(st.integers(-120, 120), st.integers(-172_800, 172_800)), min_size=1, max_size=40
    )
)
def test_days_around_a_change_of_the_clock_are_exact(
    tmp_path_factory: pytest.TempPathFactory, zone: str, offsets: list[int]
) -> None:
    """Seconds around a zone's oddest moment fall on the days on which each row falls alone."""
    moments: list[datetime | date | None] = [CHANGES[zone] + timedelta(seconds=s) for s in offsets]
    folder = tmp_path_factory.mktemp("days")
    found, plain = _days(folder, zone, _declared("timestamp"), [*moments, None])
    assert found == plain


def test_dates_are_their_own_days(tmp_path: Path) -> None:
    """A column of dates gives those dates, each from its local midnight."""
    days: list[datetime | date | None] = [date(2026, 3, 28), date(2026, 3, 30), None]
    found, plain = _days(tmp_path, "Europe/Berlin", _declared("date"), days)
    assert found == plain
    assert [line.split(",")[0] for line in found.splitlines()] == ["2026-03-28", "2026-03-30"]


def test_no_rows_no_days(tmp_path: Path) -> None:
    """A stream without events has no event days."""
    with Warehouse(None, "Europe/Berlin", tmp_path) as made:
        made.prepare([_declared("timestamp")])
        assert made.event_days(_declared("timestamp")) == ""
