"""Pages: what each says, that nothing hostile gets through, and that none is old in silence."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from page_world import ALL, ARABIC, LONG, SCRIPT, Pages, say

from scoreline.steps.closing import Closing, close_cycle
from scoreline.web.reading import live as live_module
from scoreline.wiring import open_project

KR = "/key-results/2026-H2"


@pytest.mark.parametrize("path", ALL)
def test_every_page_says_of_which_day_it_is_and_when_it_was_recorded(
    world: Pages, path: str
) -> None:
    """The head names the as-of day and the newest record; the foot its block."""
    text = world.text(path)
    assert "As of Friday, 20 November 2026" in text
    assert "last recorded 22 Nov 2026" in text
    assert "record block" in text


@pytest.mark.parametrize("path", ALL)
def test_no_text_of_a_definition_or_a_person_becomes_markup(world: Pages, path: str) -> None:
    """Titles, notes, names and reasons are escaped wherever they stand."""
    page = world.get(path)
    assert SCRIPT not in page
    assert "<b>recount" not in page
    assert "<i>budget" not in page
    assert "Test <Corp>" not in page
    assert "Test &lt;Corp&gt; &amp; Söhne" in page


@pytest.mark.parametrize("path", ALL)
def test_no_page_has_style_or_script_of_its_own_or_from_elsewhere(world: Pages, path: str) -> None:
    """A strict content policy holds: no inline script or style, no outside host."""
    page = world.get(path)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert not re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", page)


@pytest.mark.parametrize("path", ALL)
def test_no_link_is_dead(world: Pages, path: str) -> None:
    """Every address on a page of this site is answered, and every anchor is there."""
    page = world.get(path)
    for to in set(re.findall(r'(?:href|src|action)="([^"#]+)', page)):
        assert world.client.get(to.replace("&amp;", "&")).status_code == 200, to
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids


def test_hostile_texts_are_readable_as_they_are(world: Pages) -> None:
    """A script, a formula, Arabic and ten thousand characters stand on the page as text."""
    text = world.text(f"{KR}/sales/hand/talks")
    assert f"{SCRIPT} talks" in text
    assert ARABIC in text
    assert LONG.strip() in text
    assert '=HYPERLINK("http://e.example")' in world.text("/")
    assert 'dir="auto"' in world.get("/")


def test_a_status_is_said_in_words_and_drawn_as_a_shape(world: Pages) -> None:
    """Every status of the list has its words and its own shape, not a colour alone."""
    page = world.get("/")
    for status, words in {
        "held": "held", "stale": "stale", "no_data": "no data", "achieved": "achieved",
        "withdrawn": "withdrawn", "not_started": "not started",
    }.items():  # fmt: skip
        assert re.search(rf'class="state {status}">.*?#s-{status}.*?</svg>{words}</span>', page)
        assert f'<symbol id="s-{status}"' in page


def test_a_held_or_stale_value_is_never_green_and_never_zero(world: Pages) -> None:
    """Its bar has the colour of its status; without a value it is hatched."""
    page = world.get("/?view=table")
    for status in ("held", "stale"):
        assert f'<svg class="meter {status}"' in page
    hatched = re.findall(r'<svg class="meter no_data".*?</svg>', page)
    assert hatched
    assert all('class="none"' in bar and 'class="fill"' not in bar for bar in hatched)


def test_what_is_wrong_stands_above_every_page(world: Pages) -> None:
    """A blocked batch and a stale stream are named on each page, with a way to health."""
    for path in ("/", "/celebrate", f"{KR}/company/top/people"):
        text = world.text(path)
        assert "lms.votes is held: a batch waits for somebody's decision." in text
        assert "lms.costs is stale: nothing new came in time." in text
        assert "See health" in text


def test_filters_narrow_and_stay_in_the_address(world: Pages) -> None:
    """Team, owner, status and search leave what they name; links keep them."""
    text = world.text("/?team=sales")
    assert "6 of 13 key results" in text
    assert "Mean score of 80" not in text
    assert "1 of 13 key results" in world.text("/?status=held")
    assert "40 people are done" in world.text("/?q=40+PEOPLE+done")
    assert "Nothing matches" in world.text("/?q=nosuchthing")
    assert "11 of 13" in world.text("/?owner=maya@x.example")
    page = world.get("/?team=sales&view=table&sort=status")
    links = [
        parse_qs(urlsplit(h.replace("&amp;", "&")).query)
        for h in re.findall(r'href="(/\?[^"]+)"', page)
    ]
    sorting = [q for q in links if q.get("sort") == ["due"]]
    assert sorting
    assert sorting[0]["team"] == ["sales"]
    assert sorting[0]["view"] == ["table"]


def test_a_team_stands_with_the_teams_below_it(world: Pages) -> None:
    """The topmost team's filter finds everything of the teams under it."""
    assert "13 of 13" not in world.text("/?team=company")
    assert "13 key results" in world.text("/?team=company")


def test_the_table_sorts_by_what_is_asked(world: Pages) -> None:
    """By status, what needs somebody stands first; by title, it is alphabetical."""
    page = world.get("/?view=table&sort=title")
    titles = [unescape(t) for t in re.findall(r'<th scope="row"><a [^>]*>([^<]*)<', page)]
    assert titles == sorted(titles, key=str.casefold)
    states = re.findall(
        r'class="state (\w+)"', world.get("/?view=table&sort=status").split("<table")[1]
    )
    assert states.index("held") < states.index("achieved")
    assert states[-1] == "withdrawn"


def test_alignment_shows_an_objective_below_the_one_it_supports(world: Pages) -> None:
    """The supporting objective stands inside the other."""
    page = world.get("/?view=alignment")
    inside = page[page.index("Everybody learns") :]
    assert 'class="below"' in inside[: inside.index("&lt;script&gt;")]


def test_a_key_result_shows_its_formula_value_sources_and_record(world: Pages) -> None:
    """One page answers: how much, how computed, from where, since when, proved by what."""
    text = world.text(f"{KR}/company/top/people")
    assert "(30 - 0) / (40 - 0) = 0.750000" in text
    assert "expected 0.775956 (linear, 142 of 183 days)" in text
    assert "lms.done" in text
    assert "done2.csv" in text
    assert "All 2 recorded scores" in text
    assert "People ( people , count, cycle)" in text
    record = world.text("/records/2026-H2/company/top/people")
    assert "13 Nov 2026" in record
    assert "data" in record


def test_the_course_is_drawn_and_its_numbers_stand_in_a_table(world: Pages) -> None:
    """The drawing has a name and words for those who do not see it, and a table."""
    page = world.get(f"{KR}/company/top/people")
    assert 'role="img" aria-labelledby="wide-title" aria-describedby="wide-words"' in page
    assert re.search(r'<path class="line" d="M[\dML ]+"', page)
    assert 'class="expected"' in page
    table = page[page.index("The numbers") :]
    assert re.search(r'<th scope="row">20 Nov 2026</th><td class="num">30</td>', table)


def test_what_people_said_is_drawn_otherwise_than_what_was_measured(world: Pages) -> None:
    """Check-ins of a manual key result are diamonds, an override is a span; marked in words."""
    talks = world.get(f"{KR}/sales/hand/talks")
    assert talks.count('<path class="human" d="M') >= 2 * 2
    half = world.get(f"{KR}/learning/courses/half")
    assert '<path class="span" d="M' in half
    assert "set by hand" in half
    assert "override until 30 Nov 2026, in force" in world.text(f"{KR}/learning/courses/half")


def test_milestones_show_what_is_done_and_what_is_overdue(world: Pages) -> None:
    """Each step has its due day and its state."""
    text = world.text(f"{KR}/sales/hand/roll-out")
    assert "Plan <b> 1 1 Aug 2026 20 Jul 2026" in text
    assert "Pilot 2 1 Oct 2026 overdue" in text
    assert "Roll-out 5 1 Dec 2026 not yet" in text


def test_changes_name_the_cause_that_the_records_tell(world: Pages) -> None:
    """New data, a check-in and time alone are told apart; decisions and words are listed."""
    text = world.text("/changes?since=2026-11-13")
    assert "23 → 30" in text
    assert "What people said" in text
    page = world.get("/changes?since=2026-11-13")
    row = page[page.index("40 people are done") :]
    assert 'class="cause data"' in row[: row.index("</tr>")]
    held = page[page.index("4 stars") :]
    assert 'class="cause data"' in held[: held.index("</tr>")]
    half = page[page.index("Half of learning") :]
    assert 'class="cause check-in"' in half[: half.index("</tr>")]
    talks = page[page.index("talks</a>") :]
    assert 'class="cause check-in"' in talks[: talks.index("</tr>")]


def test_why_adds_up_to_the_difference_and_names_no_row(world: Pages) -> None:
    """Rows added and time alone are steps of their own; the last line is their sum."""
    text = world.text("/why/2026-H2/company/top/people?since=2026-11-13")
    assert "The value moved by +7 : 23 → 30." in text
    assert "rows added" in text
    assert "together +7" in text
    assert "p25" not in text
    world.get("/why/2026-H2/company/top/people?since=2026-01-01", 404)
    world.get("/why/2026-H2/sales/hand/talks?since=soon", 400)


def test_a_split_has_each_value_of_the_dimension(world: Pages) -> None:
    """The parts stand beside the whole; what cannot be split says what can."""
    text = world.text("/split/2026-H2/company/top/people?by=team")
    assert "As a whole: 30" in text
    assert "learning 15" in text
    assert "sales 15" in text
    assert "cannot be split by" in world.text_of("/split/2026-H2/company/top/people?by=x", 404)
    assert "Split by team" in world.text(f"{KR}/company/top/people")


def test_changes_without_an_earlier_record_say_so(world: Pages) -> None:
    """Before the first run there is nothing to compare with but the data as known now."""
    assert "Nothing was recorded on or before" in world.text("/changes?since=2026-10-01")
    world.get("/changes?since=2026-11-20", 400)
    world.get("/changes?since=yesterday", 400)


def test_the_review_has_scores_bands_misses_and_what_goes_on(world: Pages) -> None:
    """A cycle on one page: as if it ended today, while it runs."""
    text = world.text("/review")
    assert "Scores are as if it ended on 20 Nov 2026" in text
    assert "Committed, and not there yet" in text
    assert "no reason given yet" in text
    assert "0.75 green" in text
    world.get("/review/2026-H1", 404)


def test_the_review_of_a_closed_cycle_has_fixed_scores_and_written_reasons(own: Pages) -> None:
    """Who closed it and why, the reason of each committed miss, and that the scores are fixed."""
    day = date(2027, 1, 4)
    project = open_project(own.small.root, validator=own.small.validator, clock=own.small.clock)
    own.small.clock.moment = datetime(2027, 1, 5, 8, tzinfo=UTC)
    wish = Closing("2026-H2", "the quarter ended", "ann", "bea", day)
    close_cycle(project, wish, lambda row: f"why <{row.title}>")
    project.store.close()
    text = own.text("/review/2026-H2")
    assert "closed as of 4 Jan 2027 by ann , approved by bea : these scores are fixed" in text
    assert "the quarter ended" in text
    assert "why <40 people are done>" in text
    assert "missed: why <40 people are done>" in own.text(
        f"{KR}/company/top/people?as_of=2027-01-04"
    )


def test_health_says_how_to_release_a_blocked_batch(world: Pages) -> None:
    """Blocked batches, rows set aside and runs, each with what can be done."""
    text = world.text("/health")
    assert re.search(r"scoreline batches release [0-9a-f]{12} --reason", text)
    assert re.search(r"scoreline batches release q[0-9a-f]{11} --reason", text)
    assert "votes2.csv" in text
    assert "1 batch waits for a decision" in text.casefold()


def test_celebrate_names_what_was_achieved_this_week(world: Pages) -> None:
    """What was achieved before is only counted."""
    text = world.text("/celebrate")
    assert "Contract signed" in text
    assert "Came furthest" in text


def test_an_earlier_day_can_be_looked_at_and_says_that_it_is_earlier(world: Pages) -> None:
    """`as_of` goes back in time; the way to the newest day is on the page."""
    text = world.text("/?as_of=2026-09-01")
    assert "As of Tuesday, 1 September 2026" in text
    assert "back to the newest day" in text
    assert "As of Tuesday, 1 September 2026" in world.text(
        f"{KR}/company/top/people?as_of=2026-09-01"
    )
    world.get("/?as_of=soon", 400)


def test_an_unknown_name_is_answered_with_what_is_near(world: Pages) -> None:
    """404 names key results that were perhaps meant; it needs no exact name."""
    page = world.get(f"{KR}/company/top/peeple", 404)
    assert "40 people are done" in page
    assert "company/top/people" in world.get("/key-results/people", 404)
    world.get("/nowhere", 404)


def test_odd_addresses_are_answered_in_words(world: Pages) -> None:
    """No address breaks the page, whatever stands in its query."""
    for path in (
        "/?page=-1", "/?page=99999999999", "/?view=<x>", "/?sort=drop", "/?cycle=nope",
        "/?team=../..", "/?q=%00%ff", "/?status=%22%3E%3Cscript%3E", f"/?q={'a' * 5000}",
    ):  # fmt: skip
        assert "<script>" not in world.get(path).split("</head>")[1]


# --- never old in silence -------------------------------------------------------------------


def test_a_check_in_shows_on_the_next_load(own: Pages) -> None:
    """Nothing is kept longer than it is true."""
    path = f"{KR}/sales/hand/talks"
    assert "most recent word" not in own.text(path)
    say(
        own.small,
        "2026-H2/sales/hand/talks",
        date(2026, 11, 19),
        value="9",
        note="most recent word",
    )
    assert "most recent word" in own.text(path)
    assert "(9 - 0) / (10 - 0)" in own.text(path)


def test_a_changed_definition_shows_without_a_restart(
    own: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are read again when they change; a broken one is said, not swallowed."""
    monkeypatch.setattr(live_module, "LOOK_AGAIN", 0)
    monkeypatch.setattr(live_module, "PATIENCE", 60)
    own.get("/")
    file = own.small.root / "okr_defs/objectives/2026-H2/company.yaml"
    file.write_text(file.read_text().replace("40 people are done", "Forty people are done"))
    assert "Forty people are done" in own.text("/")
    file.write_text(file.read_text().replace("metric: people", "metric: peple"))
    assert "The definitions contain" in own.text("/")
    organisation = own.small.root / "okr_defs/organisation.yaml"
    organisation.write_text("organisation: [")
    assert "The definition files cannot be used at all" in own.text("/health")
    assert "Forty people are done" in own.text("/")


def test_a_failed_run_stands_above_every_page(own: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest run failed, or could not read a source: the page says so."""
    monkeypatch.setattr(live_module, "PATIENCE", 60)
    project = open_project(own.small.root, validator=own.small.validator, clock=own.small.clock)
    run = project.store.begin_run("run", date(2026, 11, 20), "0", project.now())
    assert "A run is under way" in own.text("/")
    project.store.end_run(run, "finished", project.now(), {"sources": {"lms.done": "<gone>"}})
    assert "The newest run could not read lms.done." in own.text("/")
    assert "lms.done could not be read" in own.text("/health")
    run = project.store.begin_run("run", date(2026, 11, 20), "0", project.now())
    project.store.end_run(run, "failed", project.now(), {})
    assert "The newest run failed" in own.text("/")
    project.store.close()


def test_a_day_that_no_run_has_scored_is_marked(
    own: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page computes the day, and says that nothing was recorded for it."""
    monkeypatch.setattr(live_module, "LOOK_AGAIN", 0)
    monkeypatch.setattr(live_module, "PATIENCE", 60)
    file = own.small.root / "okr_defs/organisation.yaml"
    file.write_text(file.read_text().replace("evaluate: 2026-11-20", "evaluate: 2026-11-21"))
    text = own.text("/")
    assert "As of Saturday, 21 November 2026" in text
    assert "Nothing has been recorded for this day yet (the newest is 20 November 2026)" in text
