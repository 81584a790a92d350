"""Who hears of what, when, and that nothing is told twice or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from telling_builders import CHANNEL, KR, Telling

from scoreline.core import faults
from scoreline.steps.reports import SourceReport, StreamReport

EVERY = 'recipients:\n  ops: {url: "${env:OPS}"}\n'
OWNERS = 'recipients:\n  mail: {url: "${env:MAIL}", to: owners, events: [status, reminder]}\n'


@pytest.fixture
def told(tmp_path: Path) -> Telling:
    """A project in which `By hand` is off track, and people know it."""
    made = Telling.make(tmp_path)
    made.says("0")
    made.says("0", "2026-H2/learning/o/other")
    assert made.run().sent == []
    return made


class Killed(BaseException):
    """Stands for the end of a process."""


def test_a_change_of_status_is_told_once(told: Telling) -> None:
    """Silence while nothing changes; one message for a change, none when asked again."""
    assert told.run().new == []
    told.says("10")
    assert [m.event for m in told.run().sent] == ["status"]
    [message] = told.inbox.got
    assert message.title == "Test: By hand is achieved"
    assert "off track -> achieved" in message.body
    assert "value 10, target 10, progress 100.0 %" in message.body
    assert told.tell().new == told.run().new == []
    assert len(told.inbox.got) == 1


def test_changes_of_one_run_are_one_message(told: Telling) -> None:
    """Two key results that change together make one message that names both."""
    told.says("10")
    told.says("10", "2026-H2/learning/o/other")
    told.run()
    assert told.titles() == ["Test: 2 key results changed status"]


def test_a_past_day_that_is_scored_is_no_news(told: Telling) -> None:
    """Scoring another day than the present one tells nobody anything."""
    told.small.run("2026-08-01")
    assert told.tell().new == []


def test_a_run_that_died_before_telling_is_made_up_for(told: Telling) -> None:
    """A change that was recorded and not told is told by whoever comes next."""
    told.says("10")
    told.small.run()
    assert [m.title for m in told.tell().sent] == ["Test: By hand is achieved"]


@pytest.mark.parametrize("point", faults.MESSAGE_POINTS)
def test_a_killed_sender_neither_loses_nor_doubles(told: Telling, point: str) -> None:
    """Whatever the point: the message arrives once, or it is shown as unsure."""

    def kill(name: str) -> None:
        if name == point:
            raise Killed

    told.says("10")
    faults.arm(kill)
    try:
        with pytest.raises(Killed):
            told.run()
    finally:
        faults.arm(None)
    assert told.tell().unsure == []
    told.later(minutes=20)
    after = told.tell()
    if point == "messages.kept":
        assert (told.titles(), after.unsure) == (["Test: By hand is achieved"], [])
    else:
        assert len(told.inbox.got) == (point == "message.sent")
        assert [m.error for m in after.unsure] == ["the sender was interrupted"]
        assert told.tell().sent == []


def test_a_failure_is_shown_and_tried_again(told: Telling) -> None:
    """The reason is reported each time, nothing else is made, and the next success ends it."""
    told.says("10")
    told.inbox.error = "the service answered 503"
    for _ in range(2):
        found = told.run()
        assert found.is_wrong
        assert [m.error for m in found.failed] == ["the service answered 503"]
    told.inbox.error = None
    assert len(told.tell().sent) == 1
    assert told.titles() == ["Test: By hand is achieved"]


def test_one_attempt_is_made_at_a_recipient_that_is_down(told: Telling) -> None:
    """After a failure the recipient's other messages wait for the next time."""
    told.inbox.error = "the service could not be reached"
    told.says("10")
    told.run()
    told.says("1")
    found = told.run()
    assert [m.attempts for m in found.failed] == [1, 0]


def test_a_dry_run_keeps_and_sends_nothing(told: Telling) -> None:
    """What would be sent is shown as often as one asks, and then still sent."""
    told.says("10")
    told.small.run()
    assert told.tell(dry_run=True).new[0].body == told.tell(dry_run=True).new[0].body
    with told.open() as project:
        assert project.store.messages() == []
    assert len(told.tell().sent) == 1


def test_owners_get_what_is_theirs(tmp_path: Path) -> None:
    """With `to: owners` each owner gets a message with their own key results alone."""
    told = Telling.make(tmp_path, OWNERS)
    told.says("0")
    told.says("0", "2026-H2/learning/o/other")
    told.run()
    told.inbox.got.clear()
    told.says("10")
    told.says("10", "2026-H2/learning/o/other")
    told.run()
    assert {m.address: m.title for m in told.inbox.got} == {
        "maya@acme.example": "Test: By hand is achieved",
        "tom@acme.example": "Test: Other is achieved",
    }


def test_recipients_hear_of_their_teams_and_people_only(tmp_path: Path) -> None:
    """`people` and `teams` narrow messages; a team counts with those below it."""
    told = Telling.make(
        tmp_path,
        "recipients:\n"
        '  tom: {url: "${env:A}", events: [status], people: [tom@acme.example]}\n'
        '  up: {url: "${env:A}", events: [status], teams: [company]}\n'
        '  side: {url: "${env:A}", events: [status], teams: [sales]}\n',
    )
    organisation = (tmp_path / "okr_defs/organisation.yaml").read_text()
    teams = "teams:\n  company: {}\n  sales: {parent: company}\n  learning: {parent: company}\n"
    head, _, tail = organisation.partition("teams:\n  learning: {lead: maya@acme.example}\n")
    told.small.define(organisation=head + teams + tail)
    told.says("0")
    told.run()
    told.says("10")
    told.run()
    assert [m.recipient for m in told.inbox.got] == ["up"]


def test_a_source_in_trouble_is_told_when_that_changes(tmp_path: Path) -> None:
    """Failed once is told once; well again is told; well from the start is not."""
    told = Telling.make(tmp_path, 'recipients:\n  ops: {url: "${env:A}", events: [source]}\n')
    told.small.define(
        sources__lms="source: lms\nconnector: files\noptions: {root: data}\nowner: dev@acme.example\n"
        "streams:\n  done: {columns: {id: text}, key: id, load: merge}\n"
    )

    def report(error: str | None) -> dict[str, SourceReport]:
        return {"lms": SourceReport("lms", {"lms.done": StreamReport("lms.done", error=error)})}

    told.tell(report(None))
    assert told.titles() == []
    told.tell(report("no such folder"))
    assert "no such folder" in told.inbox.got[0].body
    assert told.titles() == ["Test: lms.done could not be read"]
    told.tell(report("no such folder at all"))
    told.tell()
    assert told.titles() == []
    told.tell(report(None))
    assert told.titles() == ["Test: lms.done is well again"]


def test_a_digest_goes_out_once_a_period(tmp_path: Path) -> None:
    """One digest a week: none before there is a score, none again in the same week."""
    told = Telling.make(tmp_path, EVERY.replace('"}', '", events: [digest]}'))
    assert told.tell().new == []
    told.says("0")
    told.run()
    [digest] = told.inbox.got
    assert digest.title == "Test: where 2 key results stand on 2026-11-21"
    assert "1 no data, 1 off track" in digest.body
    told.titles()
    told.tell()
    assert told.titles() == []
    told.later(days=1)  # Monday
    told.says("10", day="2026-11-22")
    told.run()
    [digest] = told.inbox.got
    assert "Needs attention:\n  Other: no data" in digest.body
    assert digest.key == "digest:ops:2026-W48"


def test_reminders_follow_the_cadence(tmp_path: Path) -> None:
    """Due a week after the last check-in: told once, and once more a week later."""
    told = Telling.make(tmp_path, OWNERS.replace("[status, reminder]", "[reminder]"))
    for kr in (KR, "2026-H2/learning/o/other"):
        told.says("1", kr)
    assert told.tell().new == []
    told.later(days=6)
    told.says("2", "2026-H2/learning/o/other", day="2026-11-28")
    assert [m.address for m in told.tell().sent] == ["maya@acme.example"]
    assert "due since 2026-11-28, last one on 2026-11-21" in told.inbox.got[0].body
    told.later(days=3)
    assert told.tell().new == []
    told.later(days=4)
    assert sorted(m.address or "" for m in told.tell().sent) == [
        "maya@acme.example",
        "tom@acme.example",
    ]


def test_a_broken_template_loses_no_message(told: Telling) -> None:
    """The built-in template takes its place, and the mistake is reported with its line."""
    told.small.write("okr_defs/messages/status.txt.j2", "{{ organisation }}\n{{ chnges[0] }}\n")
    told.says("10")
    found = told.run()
    assert told.titles() == ["Test: By hand is achieved"]
    assert found.is_wrong
    assert "okr_defs/messages/status.txt.j2:2: 'chnges' is undefined" in found.problems[0]


def test_a_project_without_recipients_is_left_alone(tmp_path: Path) -> None:
    """Nothing is kept where nobody is to be told."""
    told = Telling.make(tmp_path)
    (tmp_path / "okr_defs/notify.yaml").unlink()
    told.says("0")
    assert not told.run().configured
    with told.open() as project:
        assert (project.store.told(), project.store.messages()) == ({}, [])


def test_a_recipient_that_was_removed_is_named(told: Telling) -> None:
    """A message that waits for nobody says so and does not stop the others."""
    told.inbox.error = "down"
    told.says("10")
    told.run()
    told.inbox.error = None
    told.small.define(notify=CHANNEL.replace("ops", "chat"))
    assert "no recipient ops any more" in (told.tell().failed[0].error or "")
