"""The status table: every status, the order of precedence, and what a score carries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_builders import (
    DUE,
    MIDDLE,
    RULES,
    START,
    done,
    keep,
    milestones,
    plain,
    reach,
    scored,
    seen,
    step,
)

from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact
from scoreline.core.model import Keep, Thresholds, Withdrawn
from scoreline.core.scoring import (
    FrozenScore,
    Override,
    Rules,
    Score,
    Status,
    freeze,
    pace_ratio,
    score,
)

AFTER = DUE + timedelta(days=1)
BEFORE = START - timedelta(days=1)
EARLY = START + timedelta(days=10)
WITHDRAWN = Withdrawn(MIDDLE, "the project was stopped")
FROZEN = FrozenScore(
    Fraction(1, 2), "missed", Fraction(1, 2), Fraction(1), "(50 - 0) / (100 - 0) = 0.500000", DUE
)

TABLE: list[tuple[str, Any, Any, date]] = [
    ("closed", reach(withdrawn=WITHDRAWN), seen(50, frozen=FROZEN, held="blocked"), BEFORE),
    ("withdrawn", reach(withdrawn=replace(WITHDRAWN, date=BEFORE)), seen(held="b"), BEFORE),
    ("not_started", reach(), seen(held="a batch is blocked", stale="old"), BEFORE),
    ("held", reach(), seen(None, held="a batch is blocked", stale="old"), MIDDLE),
    ("no_data", reach(), seen(None, stale="old"), MIDDLE),
    ("stale", reach(), seen(100, stale="the newest event is 9 days old"), MIDDLE),
    ("achieved", reach(), seen(100), EARLY),
    ("achieved", reach(), seen(100), AFTER),
    ("missed", reach(), seen(99), AFTER),
    ("pending", reach(), seen(1), EARLY),
    ("on_track", reach(), seen(50), MIDDLE),
    ("at_risk", reach(), seen(40), MIDDLE),
    ("off_track", reach(), seen(10), MIDDLE),
    ("off_track", reach(), seen(-1), EARLY),
    ("pending", keep(), seen(1), START),
    ("on_track", keep(), seen(1), DUE),
    ("achieved", keep(), seen(1), AFTER),
    ("missed", keep(), seen(3), AFTER),
    ("off_track", keep(), seen(3), EARLY),
    ("no_data", keep(), seen(None), MIDDLE),
    ("achieved", done(MIDDLE), seen(), MIDDLE),
    ("on_track", done(None), seen(), MIDDLE),
    ("off_track", done(None), seen(), DUE),
    ("missed", done(None), seen(), AFTER),
    ("missed", done(AFTER), seen(), AFTER),
    ("achieved", milestones(step(1, done=START)), seen(), START),
    ("pending", milestones(step(1), step(1, EARLY)), seen(), EARLY),
    ("off_track", milestones(step(1), step(1, EARLY)), seen(), MIDDLE),
    ("missed", milestones(step(1)), seen(), AFTER),
]


@pytest.mark.parametrize(("status", "kr", "observations", "as_of"), TABLE)
def test_the_first_match_of_the_table_wins(
    status: str, kr: Any, observations: Any, as_of: date
) -> None:
    """Each case meets the conditions of later rows too; the earlier row decides."""
    assert scored(kr, observations, as_of).status == status


def test_the_cases_above_reach_every_status() -> None:
    """No status of the table is left untested."""
    assert {status for status, *_ in TABLE} == set(get_args(Status))


def test_the_order_of_precedence_is_that_of_the_table() -> None:
    """Taking away one condition after the other walks down the table from the top."""
    kr = reach(withdrawn=WITHDRAWN)
    blocked = seen(None, held="blocked", stale="old", frozen=FROZEN)
    walk = [scored(kr, blocked, MIDDLE).status]
    blocked = replace(blocked, frozen=None)
    walk.append(scored(kr, blocked, MIDDLE).status)
    later = reach(start=MIDDLE + timedelta(days=1))
    walk.append(scored(later, blocked, MIDDLE).status)
    walk.append(scored(reach(), blocked, MIDDLE).status)
    walk.append(scored(reach(), replace(blocked, held=None), MIDDLE).status)
    full = replace(blocked, held=None, value_on=lambda _: plain(100))
    walk.append(scored(reach(), full, AFTER).status)
    walk.append(scored(reach(), replace(full, stale=None), AFTER).status)
    walk.append(scored(reach(), seen(3), AFTER).status)
    walk.append(scored(reach(), seen(3), EARLY).status)
    walk += [scored(reach(), seen(value), MIDDLE).status for value in (49, 40, 3)]
    assert walk == list(get_args(Status))


statuses_of = st.builds(
    lambda value, held, stale, offset, good: scored(
        reach(),
        seen(
            value,
            held=held,
            stale=stale,
            last_good=(plain(good), START) if good is not None else None,
        ),
        START + timedelta(days=offset),
    ),
    st.none() | st.integers(-10, 150),
    st.none() | st.just("blocked"),
    st.none() | st.just("old"),
    st.integers(-10, 200),
    st.none() | st.integers(0, 150),
)


@given(statuses_of)
def test_missing_held_and_stale_data_is_never_green_nor_zero(got: Score) -> None:
    """A green status has a value and progress; without a value there is no progress."""
    if got.status in ("on_track", "achieved", "pending"):
        assert got.value is not None
        assert got.progress is not None
    if got.value is None:
        assert got.progress is None
        assert got.ratio is None
    assert got.score is None


def test_statuses_come_from_unrounded_fractions() -> None:
    """A ratio of 0.9 minus a trillionth is at risk, though it shows as 0.900000."""
    expected = Fraction(91, 183)
    for short, status in ((Fraction(0), "on_track"), (Fraction(1, 10**12), "at_risk")):
        value = (Fraction("0.9") * expected - short) * 100
        assert scored(reach(), seen(value)).status == status


def test_thresholds_and_grace_come_from_the_organisation() -> None:
    """Other thresholds give other statuses and are named in the score."""
    strict = Rules(Thresholds(Decimal(1), Decimal("0.99"), Decimal(0)))
    got = score(reach(), strict, seen(49), MIDDLE)
    assert (got.status, got.thresholds) == ("off_track", strict.thresholds)
    assert score(reach(), strict, seen(0), START + timedelta(days=1)).status == "off_track"


def test_grace_ends_with_its_share_of_the_time() -> None:
    """18 of 183 days are less than a tenth, 19 are not."""
    days = [START + timedelta(days=n) for n in (18, 19)]
    assert [scored(reach(), seen(0), day).status for day in days] == ["pending", "off_track"]


def test_where_nothing_is_expected_only_a_loss_is_behind() -> None:
    """With expected 0 the ratio is 1 for progress of at least 0, else 0."""
    assert pace_ratio(Fraction(0), Fraction(0)) == pace_ratio(Fraction(1, 9), Fraction(0)) == 1
    assert pace_ratio(Fraction(-1, 9), Fraction(0)) == 0


def test_a_pass_below_one_makes_a_keep_green_and_achieved() -> None:
    """One week of two inside passes at 0.5: on track while it runs, achieved after it."""
    span = {"start": date(2026, 7, 6), "due": date(2026, 7, 19)}
    kr = replace(keep(), kind=Keep(at_most=Decimal(2), pass_at=Decimal("0.5")), **span)  # type: ignore[arg-type]
    half = seen(value_on=lambda day: plain(1 if day < date(2026, 7, 13) else 5))
    assert scored(kr, half, span["due"]).status == "on_track"
    assert scored(kr, half, date(2026, 7, 20)).status == "achieved"
    assert scored(replace(kr, kind=Keep(at_most=Decimal(2))), half, span["due"]).status == (
        "off_track"
    )


def test_a_keep_whose_ended_periods_lack_values_is_pending() -> None:
    """A value today but none at the end of any period: nothing can be judged yet."""
    got = scored(keep(), seen(value_on=lambda day: plain(1) if day == MIDDLE else None))
    assert (got.status, got.progress, got.in_bounds_now) == ("pending", None, True)
    assert got.formula == "no week with a value has ended yet; expected 1; pending"


def test_nothing_after_the_due_date_moves_a_key_result() -> None:
    """The evaluated day, value and progress stay those of the due date."""
    rising = seen(value_on=lambda day: plain((day - START).days))
    on_due, later = scored(reach(), rising, DUE), scored(reach(), rising, DUE + timedelta(days=90))
    assert later.day == later.value_day == DUE
    assert (later.value, later.progress) == (on_due.value, on_due.progress)


def test_a_held_key_result_shows_its_last_good_value_and_day() -> None:
    """The blocked value is not shown; the last good one and its progress are."""
    day = date(2026, 9, 12)
    got = scored(reach(), seen(1000, held="batch 7 is blocked", last_good=(plain(40), day)))
    assert (got.status, got.value, got.value_day) == ("held", 40, day)
    assert (got.progress, got.reason) == (Fraction(2, 5), "batch 7 is blocked")
    assert got.formula == (
        "(40 - 0) / (100 - 0) = 0.400000 (last good value, of 2026-09-12); "
        "expected 0.497268 (linear, 91 of 183 days); held: batch 7 is blocked"
    )


def test_held_without_a_last_good_value_shows_none() -> None:
    """Nothing is made up where no good value was ever seen."""
    for kr in (reach(), keep()):
        got = scored(kr, seen(50, held="batch 7 is blocked"))
        assert (got.status, got.value, got.progress) == ("held", None, None)


def test_held_milestones_show_what_was_done() -> None:
    """What was done, by a date or by data that passed, stays done while a batch waits."""
    got = scored(milestones(step(1, done=START)), seen(held="batch 7 is blocked"))
    assert (got.status, got.progress) == ("held", 1)


def test_held_kinds_with_periods_and_steps_stand_as_of_the_last_good_day() -> None:
    """A keep counts the weeks ended by then, milestones the steps done by then."""
    day = date(2026, 7, 19)
    kept = scored(keep(), seen(1, held="blocked", last_good=(plain(1), day)))
    assert kept.formula.startswith("inside in 3 of 3 weeks")
    steps = milestones(step(1, done=START), step(1, done=day + timedelta(days=1)))
    assert scored(steps, seen(held="blocked", last_good=(None, day))).progress == Fraction(1, 2)


def test_a_stale_key_result_still_shows_the_days_value() -> None:
    """Stale is a warning about age: value and progress stay visible, with the reason."""
    got = scored(reach(), seen(50, stale="the newest event is 9 days old"))
    assert (got.value, got.progress, got.reason) == (
        50,
        Fraction(1, 2),
        "the newest event is 9 days old",
    )


def test_no_data_names_its_reason() -> None:
    """The caller's words, else the missing value or the denominator 0, with the day."""
    assert scored(reach(), seen(None, no_data="no check-in yet")).reason == "no check-in yet"
    assert scored(reach(), seen(None)).reason == "there is no value on 2026-09-30"
    empty = scored(reach(), seen(value_on=lambda _: Exact(Fraction(3), Fraction(0))))
    assert (empty.value, empty.numerator, empty.denominator) == (None, None, None)
    assert empty.formula == (
        "no value; expected 0.497268 (linear, 91 of 183 days); "
        "no data: the denominator is 0 on 2026-09-30"
    )


def test_a_broken_key_result_has_no_value_and_says_why() -> None:
    """A definition in error never yields a number, whatever the data would give."""
    for kr in (reach(), keep(), done(START)):
        got = scored(replace(kr, broken="metric m is in error"), seen(50))
        assert (got.status, got.value, got.progress) == ("no_data", None, None)
        assert got.reason == "metric m is in error"


def test_before_its_start_a_key_result_shows_value_and_progress() -> None:
    """not_started hides nothing that is known, and expects nothing."""
    got = scored(reach(), seen(40), BEFORE)
    assert (got.value, got.progress, got.expected) == (40, Fraction(2, 5), 0)


def test_a_withdrawal_counts_from_its_day_on_and_keeps_its_reason() -> None:
    """The day before it runs as ever."""
    kr = reach(withdrawn=WITHDRAWN)
    assert scored(kr, seen(50), MIDDLE - timedelta(days=1)).status == "on_track"
    assert "the project was stopped" in (scored(kr, seen(50)).reason or "")


def test_an_override_marks_the_score() -> None:
    """Who, why and until when stand in the score and in its formula."""
    mark = Override("tom.ruiz@acme.example", "the export was late", date(2026, 10, 7))
    got = scored(reach(), seen(50, override=mark))
    assert (got.override, got.status) == (mark, "on_track")
    assert got.formula.endswith(
        "; value set by tom.ruiz@acme.example until 2026-10-07: the export was late"
    )


def test_a_closed_key_result_shows_what_was_frozen() -> None:
    """Later data and later rules do not touch it."""
    at_close = scored(reach(cap=Decimal("1.2")), seen(130), AFTER)
    got = scored(reach(), seen(5, frozen=freeze(at_close)), AFTER + timedelta(days=30))
    assert (got.status, got.status_at_close, got.score) == ("closed", "achieved", 1)
    assert (got.value, got.progress, got.value_day) == (130, Fraction("1.3"), DUE)
    assert got.formula == f"{at_close.formula}; closed with score 1.000000"
    with pytest.raises(UsageError, match="closed already"):
        freeze(got)


@pytest.mark.parametrize(
    ("kr", "observations", "fixed"),
    [
        (reach(), seen(64), Fraction("0.64")),
        (reach(), seen(-5), Fraction(0)),
        (reach(), seen(None), None),
        (reach(), seen(50, stale="old"), None),
        (reach(), seen(1, held="blocked", last_good=(plain(50), START)), None),
        (reach(withdrawn=WITHDRAWN), seen(50), None),
    ],
)
def test_closing_scores_progress_between_zero_and_one_or_nothing(
    kr: Any, observations: Any, fixed: Fraction | None
) -> None:
    """What is without a value or withdrawn gets no score: never 0, never green."""
    assert freeze(scored(kr, observations, AFTER)).score == fixed


def test_unknown_rules_are_refused() -> None:
    """A score by rules of another version is never computed by these."""
    with pytest.raises(UsageError, match="version '2'"):
        score(reach(), replace(RULES, version="2"), seen(50), MIDDLE)


def test_the_score_is_exact_beyond_forty_digits() -> None:
    """A step of 10**-45 on 10**45 still shows in progress."""
    big, small = Fraction(10**45), Fraction(1, 10**45)
    got = scored(reach(), seen(big + small, big, big + 3 * small))
    assert got.progress == Fraction(1, 3)
