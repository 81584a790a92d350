"""The end of a day in a zone, ages, working days and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.model import Duration
from scoreline.core.moments import end_of_day, older_than, parse_duration, working_days

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/Havana",
    "America/St_Johns",
    "America/Toronto",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("36h", Duration(36, "hours")),
        ("2d", Duration(2, "days")),
        ("90d", Duration(90, "days")),
        ("2w", Duration(2, "weeks")),
        ("2 workdays", Duration(2, "workdays")),
        ("1 workday", Duration(1, "workdays")),
        ("36 hours", Duration(36, "hours")),
    ],
)
def test_durations_are_read_as_they_are_written(text: str, duration: Duration) -> None:
    """Hours, days, weeks and working days, short and as str() writes them."""
    assert parse_duration(text) == duration
    assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize("text", ["", "0d", "2", "d", "-1d", "1.5h", "2 x", "2months", "2  d"])
def test_anything_else_is_refused_with_what_is_legal(text: str) -> None:
    """The message names the text and shows legal ones."""
    with pytest.raises(ValueError, match="36h, 90d, 2w"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("zone", "day", "end"),
    [
        ("UTC", "2026-09-30", "2026-10-01T00:00:00"),
        ("Europe/Berlin", "2026-09-30", "2026-09-30T22:00:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00"),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00:00"),
        # Clocks skip midnight: 00:00 does not exist, the day ends at the skip.
        ("America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00"),
        ("Asia/Beirut", "2022-03-26", "2022-03-26T22:00:00"),
        # 23:30 jumps to 00:30: the day ends at the jump.
        ("America/Toronto", "1919-03-30", "1919-03-31T04:30:00"),
        # Clocks go back at midnight to 23:00: the repeated hour belongs to the day.
        ("America/Sao_Paulo", "2018-02-17", "2018-02-18T03:00:00"),
        ("Asia/Beirut", "2022-10-29", "2022-10-29T22:00:00"),
        # Back from 01:00 to 00:00: midnight comes twice, the first one ends the day.
        ("America/Havana", "2022-11-05", "2022-11-06T04:00:00"),
        # Back from 00:01 to 23:01: the second midnight ends the day.
        ("America/St_Johns", "2010-11-06", "2010-11-07T03:30:00"),
        # A whole day is skipped: it ends where it would have begun.
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00"),
    ],
)
def test_a_day_ends_where_the_zone_says(zone: str, day: str, end: str) -> None:
    """Daylight saving, skipped, repeated and missing midnights are all counted right."""
    assert end_of_day(date.fromisoformat(day), ZoneInfo(zone)) == utc(end)


@given(st.sampled_from(ZONES), st.dates(date(1975, 1, 1), date(2030, 12, 31)))
def test_after_its_end_a_day_never_comes_back(zone: str, day: date) -> None:
    """Just before the end it is that day or an earlier one; from the end on, a later one."""
    tz = ZoneInfo(zone)
    end = end_of_day(day, tz)
    assert (end - timedelta(seconds=1)).astimezone(tz).date() <= day
    for minutes in (0, 1, 30, 59, 61, 180, 1440):
        assert (end + timedelta(minutes=minutes)).astimezone(tz).date() > day


def test_working_days_exclude_the_first_and_include_the_last() -> None:
    """Friday to Monday is one working day, none if that Monday is a holiday."""
    friday, monday = date(2026, 10, 2), date(2026, 10, 5)
    assert working_days(friday, monday, ()) == 1
    assert working_days(friday, monday, {monday}) == 0
    assert working_days(friday, friday, ()) == 0
    assert working_days(monday, friday, ()) == 0


@given(
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(-5, 500),
    st.sets(st.dates(date(2020, 1, 1), date(2031, 1, 1)), max_size=30),
)
def test_working_days_agree_with_counting(after: date, length: int, holidays: set[date]) -> None:
    """The count is that of a walk over every day."""
    walked = [after + timedelta(days=n) for n in range(1, length + 1)]
    wanted = sum(1 for day in walked if day.weekday() < 5 and day not in holidays)
    assert working_days(after, after + timedelta(days=length), holidays) == wanted


def test_elapsed_time_counts_real_hours_across_a_clock_change() -> None:
    """From noon to noon over the spring change only 23 hours pass."""
    event = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    moment = datetime(2026, 3, 29, 12, tzinfo=BERLIN)
    assert not older_than(event, moment, Duration(23, "hours"), (), BERLIN)
    assert older_than(event, moment, Duration(22, "hours"), (), BERLIN)
    assert not older_than(event, moment, Duration(1, "days"), (), BERLIN)


def test_the_limit_itself_is_not_older() -> None:
    """Two days are not older than 2d, a second more is."""
    event = utc("2026-09-01T00:00:00")
    assert not older_than(event, utc("2026-09-03T00:00:00"), Duration(2, "days"), (), BERLIN)
    assert older_than(event, utc("2026-09-03T00:00:01"), Duration(2, "days"), (), BERLIN)
    assert not older_than(event, utc("2026-09-15T00:00:00"), Duration(2, "weeks"), (), BERLIN)


def test_working_day_ages_skip_weekends_and_holidays() -> None:
    """A Friday event is 1 working day old on Monday evening, 2 on Tuesday evening."""
    event = datetime(2026, 10, 2, 9, tzinfo=BERLIN)
    monday, tuesday = (end_of_day(date(2026, 10, day), BERLIN) for day in (5, 6))
    limit = Duration(1, "workdays")
    assert not older_than(event, monday, limit, (), BERLIN)
    assert older_than(event, tuesday, limit, (), BERLIN)
    assert not older_than(event, tuesday, limit, {date(2026, 10, 5)}, BERLIN)


def test_the_end_of_a_day_belongs_to_the_day_that_ends() -> None:
    """Midnight as a day's end is that day; a second later is the next."""
    event = datetime(2026, 10, 5, 9, tzinfo=BERLIN)
    end = end_of_day(date(2026, 10, 6), BERLIN)
    limit = Duration(1, "workdays")
    assert not older_than(event, end, limit, (), BERLIN)
    assert older_than(event, end + timedelta(seconds=1), limit, (), BERLIN)


def test_an_instant_without_a_zone_is_refused() -> None:
    """No zone is guessed, for either of the two."""
    naive, aware = datetime(2026, 1, 1), utc("2026-01-01T00:00:00")  # noqa: DTZ001
    for event, moment in ((naive, aware), (aware, naive)):
        with pytest.raises(ValueError, match="no time zone"):
            older_than(event, moment, Duration(1, "days"), (), BERLIN)
