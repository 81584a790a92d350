"""Roll-up: what counts, how it adds up, and the order of a plan's entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_builders import DUE, MIDDLE, START, keep, objective, plain, plan, reach, scored, seen

from scoreline.core.errors import DefinitionError
from scoreline.core.items import WEAKEST
from scoreline.core.model import KeyResult, Objective, Plan, Team, Thresholds, Withdrawn
from scoreline.core.rollup import Item, RolledUp, StatusRule, item_of, roll_up, roll_up_plan
from scoreline.core.scoring import Observations, Score, freeze

AFTER = DUE + timedelta(days=1)
LATER = reach(start=MIDDLE + timedelta(days=1))
DROPPED = reach(withdrawn=Withdrawn(START, "no longer needed"))
NO_DATA = (reach(), seen(None))
HELD = (reach(), seen(None, held="blocked"))
STALE = (reach(), seen(90, stale="old"))
UNJUDGED = (keep(), seen(value_on=lambda day: plain(1) if day == MIDDLE else None))


def at(value: int, weight: int = 1, **fields: Any) -> tuple[KeyResult, Observations]:
    """A key result 0 to 100 with a value."""
    return reach(weight=Decimal(weight), **fields), seen(value)


def items_of(
    *pairs: tuple[KeyResult, Observations], as_of: date = MIDDLE, closed: bool = False
) -> list[Item]:
    return [item_of(kr, final(scored(kr, what, as_of), kr, closed)) for kr, what in pairs]


def final(score: Score, kr: KeyResult, closed: bool) -> Score:
    if not closed:
        return score
    return scored(kr, Observations(frozen=freeze(score)), score.as_of)


def rolled(
    *pairs: tuple[KeyResult, Observations],
    as_of: date = MIDDLE,
    rule: StatusRule = "weighted",
    closed: bool = False,
) -> Item:
    return up(items_of(*pairs, as_of=as_of, closed=closed), as_of, rule)


def up(items: Sequence[Item], as_of: date = MIDDLE, rule: StatusRule = "weighted") -> Item:
    return roll_up(items, as_of=as_of, thresholds=Thresholds(), rule=rule)


def test_progress_and_expected_are_weighted_over_what_has_a_value() -> None:
    """Weights 1 and 3 at 20 and 60 give 0.5; a missing third changes only the coverage."""
    got = rolled(at(20), at(60, 3), NO_DATA)
    assert (got.progress, got.expected) == (Fraction(1, 2), Fraction(91, 183))
    assert got.coverage == Fraction(4, 5)
    assert got.missing == (NO_DATA[0].id,)


def test_items_are_clamped_before_they_add_up() -> None:
    """150 counts as 1, or as 1.2 with that cap; a loss counts as 0."""
    assert rolled(at(150), at(-50)).progress == Fraction(1, 2)
    assert rolled(at(150, cap=Decimal("1.2")), at(0)).progress == Fraction("0.6")


@pytest.mark.parametrize("left_out", [(LATER, seen(0)), (DROPPED, seen(0)), UNJUDGED])
def test_what_has_not_begun_or_was_withdrawn_is_left_out(
    left_out: tuple[KeyResult, Observations],
) -> None:
    """It lowers neither progress nor coverage."""
    got = rolled(at(60), left_out)
    assert (got.progress, got.coverage, got.status) == (Fraction(3, 5), 1, "on_track")


@pytest.mark.parametrize(
    ("pairs", "status"),
    [
        (((LATER, seen(0)),) * 2, "not_started"),
        (((DROPPED, seen(0)),) * 2, "withdrawn"),
        ((UNJUDGED,) * 2, "pending"),
        (((LATER, seen(0)), (DROPPED, seen(0))), "not_started"),
        (((DROPPED, seen(0)), (LATER, seen(0)), UNJUDGED), "pending"),
    ],
)
def test_where_everything_is_left_out_the_status_says_why(pairs: Any, status: str) -> None:
    """There are no numbers then, and the level above leaves it out as well."""
    got = rolled(*pairs)
    assert (got.status, got.progress, got.expected, got.coverage) == (status, None, None, None)
    assert not got.counted
    assert up([got, *items_of(at(60))]).coverage == 1


def test_no_key_results_are_no_data() -> None:
    """An empty objective is never green, and lowers its team's coverage."""
    empty = up([])
    assert (empty.status, empty.progress, empty.coverage, empty.counted) == (
        "no_data",
        None,
        0,
        True,
    )
    assert up([empty, *items_of(at(60))]).status == "incomplete"


@pytest.mark.parametrize(
    ("pairs", "status"),
    [
        ((NO_DATA, STALE, HELD), "held"),
        ((NO_DATA, STALE), "stale"),
        ((NO_DATA, NO_DATA), "no_data"),
    ],
)
def test_with_nothing_but_missing_items_there_is_no_colour(pairs: Any, status: str) -> None:
    """`weighted` is incomplete, `weakest` shows the first of held, stale, no_data."""
    got = rolled(*pairs)
    assert (got.status, got.progress, got.expected, got.coverage) == ("incomplete", None, None, 0)
    assert rolled(*pairs, rule="weakest").status == status


def test_the_weakest_rule_sees_a_keep_that_waits_for_its_first_period() -> None:
    """Nothing is achieved while a key result is not judged; the numbers leave it out."""
    got = rolled(at(100), UNJUDGED, rule="weakest")
    assert (got.status, got.progress, got.coverage) == ("pending", 1, 1)
    assert rolled(at(0), UNJUDGED, rule="weakest").status == "off_track"


def test_incomplete_unless_already_lost_in_the_best_case() -> None:
    """A missing tenth cannot save progress 0; a missing half can."""
    assert rolled(at(0, 9), NO_DATA).status == "off_track"
    assert rolled(at(0), NO_DATA).status == "incomplete"
    assert rolled(at(100, 9), NO_DATA).status == "incomplete"


def test_the_best_case_takes_each_missing_items_own_expected_progress() -> None:
    """What is lost beside a linear one is still open beside one that expects less."""
    day = START + timedelta(days=46)
    late = reach(expected=replace(reach().expected, kind="back_loaded"))
    assert rolled(at(6, 8), NO_DATA, as_of=day).status == "off_track"
    assert rolled(at(6, 8), (late, seen(None)), as_of=day).status == "incomplete"


def test_the_best_case_reaches_through_the_levels() -> None:
    """A team is off track where its objectives' missing key results cannot help."""
    lost = [up(items_of(at(0, 9), NO_DATA)), up(items_of(at(0, 9), NO_DATA))]
    assert up(lost).status == "off_track"
    assert up(lost).coverage == Fraction(9, 10)
    open_still = up([up(items_of(at(0), NO_DATA)), up(items_of(at(0)))])
    assert (open_still.status, open_still.coverage) == ("off_track", Fraction(3, 4))
    assert open_still.best_progress == Fraction(1, 4)
    assert up([up(items_of(at(30), NO_DATA)), up(items_of(at(40)))]).status == "incomplete"


def test_achieved_needs_every_counted_key_result() -> None:
    """A cap above 1 does not let one key result make up for another."""
    rich = at(200, cap=Decimal(2))
    assert rolled(rich, at(50)).progress == Fraction(5, 4)
    assert rolled(rich, at(50)).status == "on_track"
    assert rolled(rich, at(100)).status == "achieved"
    assert up([up(items_of(at(100))), up(items_of(rich, at(50)))]).status == "on_track"


def test_missed_waits_for_the_latest_due_date() -> None:
    """One key result over and short, another still running: not yet missed."""
    soon = at(80, due=MIDDLE)
    day = MIDDLE + timedelta(days=1)
    assert rolled(soon, at(60), as_of=day).status == "on_track"
    assert rolled(soon, at(60), as_of=AFTER).status == "missed"
    assert rolled(at(100, due=MIDDLE), at(100), as_of=AFTER).status == "achieved"


def test_grace_applies_to_the_weighted_numbers() -> None:
    """Early and behind but nothing lost is pending, later it is off track."""
    early = START + timedelta(days=9)
    assert rolled(at(1), at(2), as_of=early).status == "pending"
    assert rolled(at(1), at(2)).status == "off_track"


@pytest.mark.parametrize(
    ("value", "status"), [(45, "on_track"), (40, "at_risk"), (30, "off_track")]
)
def test_the_ratio_decides_on_the_weighted_numbers(value: int, status: str) -> None:
    """0.9 and 0.7 of the expected progress, as for a key result."""
    assert rolled(at(value - 20), at(value + 20)).status == status


def test_weakest_shows_the_worst_that_is_present() -> None:
    """From the list of all statuses, taking the worst away shows the next."""
    base = items_of(at(60))[0]
    present = [replace(base, status=status) for status in WEAKEST]
    seen_order = [up(present[n:], rule="weakest").status for n in range(len(present))]
    assert seen_order == list(WEAKEST)


def test_closed_only_when_all_are_and_then_scored() -> None:
    """The weighted mean of the clamped scores, null while one is open."""
    pairs = (at(40), at(130, 3, cap=Decimal("1.2")))
    got = rolled(*pairs, as_of=AFTER, closed=True)
    assert (got.shown_status, got.score) == ("closed", Fraction("0.85"))
    mixed = items_of(pairs[0], as_of=AFTER, closed=True) + items_of(pairs[1], as_of=AFTER)
    assert (up(mixed, AFTER).shown_status, up(mixed, AFTER).score) == ("missed", None)


def test_a_closed_key_result_without_a_score_counts_neither_as_zero_nor_as_one() -> None:
    """The objective's score is that of the others; alone it is null."""
    assert rolled(at(40), NO_DATA, as_of=AFTER, closed=True).score == Fraction(2, 5)
    alone = rolled(NO_DATA, as_of=AFTER, closed=True)
    assert (alone.shown_status, alone.score, alone.coverage) == ("closed", None, 0)


def test_what_was_withdrawn_does_not_keep_an_objective_open() -> None:
    """Nor does it take part in its score."""
    items = items_of(at(40), as_of=AFTER, closed=True) + items_of((DROPPED, seen(90)), as_of=AFTER)
    assert (up(items, AFTER).shown_status, up(items, AFTER).score) == ("closed", Fraction(2, 5))


cases = st.lists(
    st.tuples(
        st.sampled_from(["value", "no_data", "held", "later", "dropped"]),
        st.integers(-20, 130),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=6,
)


def built(case: list[tuple[str, int, int]]) -> list[Item]:
    kinds: dict[str, Any] = {
        "no_data": lambda v, w: (reach(weight=w), seen(None)),
        "held": lambda v, w: (reach(weight=w), seen(None, held="b", last_good=(plain(v), START))),
        "later": lambda v, w: (replace(LATER, weight=w), seen(v)),
        "dropped": lambda v, w: (replace(DROPPED, weight=w), seen(v)),
        "value": lambda v, w: (reach(weight=w), seen(v)),
    }
    return items_of(*[kinds[kind](value, Decimal(weight)) for kind, value, weight in case])


@given(cases, st.randoms(use_true_random=False), st.sampled_from(["weighted", "weakest"]))
def test_the_order_of_items_does_not_matter(case: Any, random: Any, rule: StatusRule) -> None:
    """Any permutation gives the same numbers and the same status."""
    items = built(case)
    shuffled = list(items)
    random.shuffle(shuffled)
    first, second = up(items, rule=rule), up(shuffled, rule=rule)
    assert replace(first, missing=()) == replace(second, missing=())


@given(cases)
def test_the_weighted_numbers_agree_with_the_formula(case: Any) -> None:
    """Sums of weight times clamped progress over sums of weights, in plain fractions."""
    got = up(built(case))
    valued = [
        (min(max(Fraction(v, 100), Fraction(0)), Fraction(1)), w)
        for k, v, w in case
        if k == "value"
    ]
    counted = sum(w for k, _, w in case if k in ("value", "no_data", "held"))
    weight = sum(w for _, w in valued)
    assert got.progress == (sum(p * w for p, w in valued) / weight if weight else None)
    assert got.coverage == (Fraction(weight, counted) if counted else None)


@given(cases, st.sampled_from(["weighted", "weakest"]))
def test_a_roll_up_is_green_only_when_complete(case: Any, rule: StatusRule) -> None:
    """With a counted key result missing no status is green."""
    got = up(built(case), rule=rule)
    if got.status in ("on_track", "achieved", "pending") and got.counted:
        assert got.coverage == 1


# --- a whole plan ---------------------------------------------------------------------


def all_scores(what: Plan, values: dict[str, int | None], as_of: date = MIDDLE) -> dict[str, Score]:
    """Scores of every key result: its objective's value in `values`, else 50."""
    krs = [(o, kr) for o in what.objectives.values() for kr in o.key_results]
    return {kr.id: scored(kr, seen(values.get(o.id, 50)), as_of) for o, kr in krs}


def entries(
    what: Plan, values: dict[str, int | None] | None = None, cycle: str | None = None
) -> dict[str, RolledUp]:
    found = roll_up_plan(what, all_scores(what, values or {}), cycle, MIDDLE, Thresholds())
    assert len({entry.id for entry in found}) == len(found)
    return {entry.id: entry for entry in found}


SALES, LEARNING = "2026-H2/sales", "2026-H2/learning"


def test_entries_come_in_the_order_of_the_definitions() -> None:
    """Each cycle: the organisation, then each team followed by its objectives."""
    what = plan(
        objective("b", reach(), team="sales"),
        objective("z", reach()),
        objective("a", reach(), owner="maya.chen@acme.example"),
        objective("c", reach(), cycle="2027-H1", team="sales"),
        learning=Team("learning", lead="maya.chen@acme.example", title="Learning"),
        idle=Team("idle"),
        sales=Team("sales"),
    )
    found = entries(what)
    first = ["2026-H2", LEARNING, f"{LEARNING}/z", f"{LEARNING}/a", SALES, f"{SALES}/b"]
    assert list(found) == [*first, "2027-H1", "2027-H1/sales", "2027-H1/sales/c"]
    assert list(entries(what, cycle="2026-H2")) == first
    labels = [(e.level, e.title, e.owner) for e in list(found.values())[:3]]
    assert labels == [
        ("organisation", "Acme Training", None),
        ("team", "Learning", "maya.chen@acme.example"),
        ("objective", "Objective z", None),
    ]


def test_a_cycle_without_objectives_has_no_entries() -> None:
    """Nothing is rolled up out of nothing."""
    assert entries(plan(objective("a", reach())), cycle="2030-H1") == {}


def test_weights_apply_on_every_level() -> None:
    """Objectives by weight into the team, teams by weight into the organisation."""
    what = plan(
        objective("a", reach(), weight=Decimal(3)),
        objective("b", reach()),
        objective("c", reach(), team="sales"),
        learning=Team("learning", weight=Decimal(2)),
        sales=Team("sales"),
    )
    found = entries(what, {f"{LEARNING}/a": 80, f"{LEARNING}/b": 40, f"{SALES}/c": 10})
    assert found[LEARNING].progress == Fraction("0.7")
    assert found["2026-H2"].progress == Fraction("0.5")


@pytest.mark.parametrize(
    ("mode", "progress"), [("key_results", "0.1"), ("children", "0.6"), ("both", "0.475")]
)
def test_roll_up_takes_key_results_children_or_both(mode: Any, progress: str) -> None:
    """Children are the objectives that support this one, one list with the key results."""
    what = plan(
        objective("top", reach(), roll_up=mode),
        objective("x", reach(), supports=f"{LEARNING}/top", weight=Decimal(2)),
        objective("y", reach(), supports=f"{LEARNING}/top", cycle="2027-H1"),
    )
    values = {f"{LEARNING}/top": 10, f"{LEARNING}/x": 70, "2027-H1/learning/y": 40}
    assert entries(what, values)[f"{LEARNING}/top"].progress == Fraction(progress)


def test_objectives_that_support_one_another_are_refused_with_the_path() -> None:
    """A circle would never end; its path is named."""
    circle = [
        objective(name, supports=f"{LEARNING}/{other}", roll_up="children")
        for name, other in (("a", "b"), ("b", "a"))
    ]
    with pytest.raises(DefinitionError, match=r"a -> 2026-H2/learning/b -> 2026-H2/learning/a"):
        entries(plan(*circle))


def test_a_key_result_without_a_score_counts_as_no_data() -> None:
    """What was not scored is missing, and is named."""
    one: Objective = objective("a", reach(), reach())
    what = plan(one)
    scores = all_scores(what, {})
    scores.pop(one.key_results[1].id)
    found = roll_up_plan(what, scores, None, MIDDLE, Thresholds())
    assert {(e.status, e.coverage, e.missing) for e in found} == {
        ("incomplete", Fraction(1, 2), (one.key_results[1].id,))
    }


def test_a_closed_cycle_scores_every_level() -> None:
    """Objective, team and organisation carry the weighted mean of the scores."""
    what = plan(objective("a", reach(), reach(weight=Decimal(3))))
    krs = what.key_results
    frozen = {id_: freeze(scored(kr, seen(64), AFTER)) for id_, kr in krs.items()}
    scores = {id_: scored(kr, Observations(frozen=frozen[id_]), AFTER) for id_, kr in krs.items()}
    found = roll_up_plan(what, scores, "2026-H2", AFTER, Thresholds())
    assert [(e.status, e.score) for e in found] == [("closed", Fraction("0.64"))] * 3
