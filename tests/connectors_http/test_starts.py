"""Where a reading starts, in each way that a server wants to see it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from connectors.base import ColumnSpec, StreamSpec
from connectors.http.cursor import Position, start_of

LOW = "2026-03-01T23:59:58.123456+00:00"


def stream(type_: str) -> StreamSpec:
    return StreamSpec("s", columns=(ColumnSpec("at", type=type_),), cursor="at")


def left_at(low: str) -> Position:
    return Position(source="x", high=low, low=low, rows=0, digest="")


@pytest.mark.parametrize(
    ("how", "start"),
    [
        ("iso", "2026-03-01T23:59:58Z"),
        ("iso_ms", "2026-03-01T23:59:58.123Z"),
        ("date", "2026-03-01"),
        ("epoch", 1772409598),
        ("epoch_ms", 1772409598123),
        ("text", LOW),
        ("%d.%m.%Y %H:%M", "01.03.2026 23:59"),
    ],
)
def test_a_time_is_written_as_the_server_reads_it(how: str, start: str | int) -> None:
    """Each format gives the moment, never later than it is."""
    assert start_of(stream("timestamp"), left_at(LOW), how) == start


def test_a_time_is_written_in_the_servers_zone() -> None:
    """A server that compares local times is asked in them."""
    zone = ZoneInfo("Europe/Berlin")
    assert start_of(stream("timestamp"), left_at(LOW), "%Y-%m-%d %H:%M", zone) == "2026-03-02 00:59"


def test_other_cursors_are_given_as_they_are() -> None:
    """An integer stays one, a text stays one; before the first reading there is no start."""
    assert start_of(stream("integer"), left_at("17"), "iso") == 17
    assert start_of(stream("text"), left_at("b-17"), "iso") == "b-17"
    assert start_of(stream("timestamp"), None, "iso") is None
    assert start_of(StreamSpec("s"), left_at(LOW), "iso") is None
