"""Apply: definitions recorded with who and why; changed targets wait for their owner."""

from __future__ import annotations

from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small
from starlette.testclient import TestClient

from scoreline.core.errors import UsageError
from scoreline.core.model import Reach
from scoreline.steps.change.applying import Applied, apply_definitions
from scoreline.steps.defining import login
from scoreline.web.app import create_app
from scoreline.web.reading.live import Live
from scoreline.wiring import open_project
from scoreline.wiring.serving import open_live

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns: {id: text, at: {type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: merge
    event_time: at
"""
METRICS = """\
metrics:
  people:
    {title: People, unit: count, from: lms.done, measure: {count_distinct: id}, window: cycle}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: ann@acme.example
    key_results:
      people: {title: People, metric: people, baseline: 0, target: 10}
      steps:
        title: Steps
        milestones: [{title: One, weight: 1, due: 2026-08-01}]
"""
KR = "2026-H2/learning/o/people"


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A project that asks owners for approval, with three people, scored once."""
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION + "approve_targets: owner\n",
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    rows = "\n".join(f"p{n},2026-09-0{n} 10:00:00" for n in (1, 2, 3))
    made.write("data/done.csv", f"id,at\n{rows}\n")
    made.run()
    return made


def _aim(small: Small, target: int, owner: str = "ann@acme.example", done: str = "") -> None:
    text = OBJECTIVES.replace("target: 10", f"target: {target}").replace("ann@acme.example", owner)
    text = text.replace("due: 2026-08-01", f"due: 2026-08-01{done}")
    small.define(objectives__2026_H2__learning=text)


def _apply(small: Small, reason: str = "agreed in the review", by: Sequence[str] = ()) -> Applied:
    project = open_project(
        small.root, validator=small.validator, clock=small.clock, as_written=True
    )
    try:
        return apply_definitions(project, reason, by)
    finally:
        project.store.close()


def _target(small: Small) -> str:
    return str(small.status()["people"]["target"])


def test_a_changed_target_waits_and_the_approved_one_counts(small: Small) -> None:
    """Until its owner approves, runs and status score by the recorded target, and say so."""
    _aim(small, 5)
    report = small.run()
    assert report.scores is not None
    assert report.scores.waiting == (
        f"{KR}: target: 10 -> 5: waits for the approval of ann@acme.example",
    )
    assert not report.failed
    assert (_target(small), small.status()["people"]["progress"]) == ("10", "0.300000")
    with small.open() as project:
        assert project.store.verify_ledger() == []
        assert len(project.store.definition_versions(f"key_result {KR}")) == 1


def test_the_owner_of_the_record_approves(small: Small) -> None:
    """Only the recorded owner's word counts, not that of one named in the same edit."""
    _aim(small, 5, owner="eve@acme.example")
    with pytest.raises(UsageError, match="nothing waits for the approval of eve"):
        _apply(small, by=["eve@acme.example"])
    done = _apply(small, by=["ann@acme.example"])
    assert [w.key_result for w in done.approved] == [KR]
    assert done.waiting == ()
    assert _target(small) == "5"
    small.run()
    assert small.status()["people"]["owner"] == "eve@acme.example"
    with small.open() as project:
        [change] = project.store.definition_versions(f"key_result {KR}")[-1].version.change
    assert change["who"] == login()
    assert change["why"] == "agreed in the review"
    assert change["approvers"] == ["ann@acme.example"]
    assert {"path": "kind.target", "before": "10", "after": "5"} in change["differences"]


def test_what_is_not_approved_waits_while_the_rest_is_recorded(small: Small) -> None:
    """Apply without the owner records other definitions, and reports the one that waits."""
    _aim(small, 5)
    small.define(metrics__m=METRICS.replace("title: People", "title: Persons"))
    done = _apply(small)
    assert [v.name for v in done.versions] == ["metric people"]
    assert [w.key_result for w in done.waiting] == [KR]
    assert _apply(small).block is None


def test_progress_that_is_reported_needs_no_approval(small: Small) -> None:
    """A milestone's day of completion and a title are no goalposts."""
    _aim(small, 10, done=", done: 2026-07-20")
    report = small.run()
    assert report.scores is not None
    assert report.scores.waiting == ()
    assert small.status()["steps"]["status"] == "achieved"


def test_a_new_name_does_not_get_round_the_approval(small: Small) -> None:
    """A key result that moved is held against what it was, though the files no longer ask."""
    text = OBJECTIVES.replace("      people: {", f"      persons: {{moved_from: {KR}, ")
    small.define(objectives__2026_H2__learning=text.replace("target: 10", "target: 4"))
    small.define(organisation=ORGANISATION)
    report = small.run()
    assert report.scores is not None
    [waiting] = report.scores.waiting
    assert waiting.startswith("2026-H2/learning/o/persons: target: 10 -> 4")
    assert small.status()["persons"]["target"] == "10"


def test_without_the_setting_a_run_records_the_change_itself(small: Small) -> None:
    """Once the setting is applied away, the next run scores by the new target by itself."""
    small.define(organisation=ORGANISATION)
    _apply(small, "small team now")
    _aim(small, 5)
    small.run()
    assert _target(small) == "5"
    with small.open() as project:
        [change] = project.store.definition_versions(f"key_result {KR}")[-1].version.change
    assert (change["who"], change["why"], change["approvers"]) == (login(), None, [])


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_asked_for(small: Small, reason: str) -> None:
    """Nothing is recorded without a reason."""
    with pytest.raises(UsageError, match="--reason"):
        _apply(small, reason)


def test_the_page_shows_the_approved_target_until_the_owner_agrees(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is open follows the files, and does not show what nobody approved."""
    monkeypatch.setattr("scoreline.web.reading.live.LOOK_AGAIN", 0.0)
    with small.open() as project:
        live = open_live(project)
        _aim(small, 5)
        assert _aimed(live) == 10
        [waiting] = live.project().waiting
        assert (waiting.key_result, waiting.changes) == (KR, ("target: 10 -> 5",))
        words = unescape(TestClient(create_app(live)).get(f"/key-results/{KR}").text)
        assert "Not approved yet: target: 10 -> 5. It waits for ann@acme.example" in words
        _apply(small, by=["ann@acme.example"])
        assert _aimed(live) == 5
        assert live.project().waiting == ()


def _aimed(live: Live) -> object:
    live.key()
    kind = live.project().plan.key_results[KR].kind
    assert isinstance(kind, Reach)
    return kind.target


def test_definitions_in_error_are_not_recorded(small: Small) -> None:
    """One mistake anywhere, and apply records nothing and names it."""
    small.define(metrics__m=METRICS.replace("count_distinct: id", "count_distinct: idd"))
    with pytest.raises(UsageError, match="nothing was recorded"):
        _apply(small)
