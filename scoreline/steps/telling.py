"""Tell: put what there is to tell into the outbox, and send what waits there.

What belongs here: who gets which message, the keys that keep one from going out twice, and
the attempts. What does not: what there is to tell (news), its words (notify), transport.

A message and the state it tells of are kept in one transaction, marked before the attempt
and after it. A process that dies between the two leaves a message `unsure`, which only a
person sends again; one that dies before the attempt leaves it to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from scoreline.core import faults
from scoreline.core.notices import Cadence, Event, Message, Recipient, TextFormat
from scoreline.notify.ports import DeliveryError, TemplateFault
from scoreline.steps.discipline import owner_of
from scoreline.steps.news import News, gather_news
from scoreline.steps.project import Project
from scoreline.steps.reports import SourceReport
from scoreline.steps.told_facts import Facts

ABANDONED = timedelta(minutes=15)
"""How long a message may be `sending` before its sender counts as dead."""

_TRIES = 5
T = TypeVar("T")


@dataclass(slots=True)
class Told:
    """What telling did.

    `configured` is False where nobody is to be told. `new` are messages made now, `sent`
    and `failed` what became of attempts (each with its `error`), `unsure` what an
    interrupted sender left. `problems` are templates and recipients that cannot be used.
    """

    configured: bool = True
    new: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    failed: list[Message] = field(default_factory=list)
    unsure: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        """Whether a message could not be made or delivered."""
        return bool(self.failed or self.problems)


def tell(
    project: Project,
    sources: Mapping[str, SourceReport] | None = None,
    *,
    dry_run: bool = False,
) -> Told:
    """Make the messages that are due and send all that wait.

    Args:
        project: the open project.
        sources: what a run has just done; None where there was none.
        dry_run: only make them; nothing is kept or sent.
    """
    told = Told(configured=bool(project.plan.notify.recipients))
    if not told.configured:
        return told
    for _ in range(_TRIES):
        news = gather_news(project, sources)
        maker = _Maker(project, news)
        told.new, told.problems = maker.messages(), maker.problems
        if dry_run:
            told.unsure = project.store.messages(["unsure"])
            return told
        if not told.new and not news.states:
            break
        if project.store.enqueue(news.known, news.states, told.new, project.now()):
            break
    faults.reach("messages.kept")
    _deliver(project, told)
    return told


def send_test(project: Project, recipient: Recipient, address: str | None) -> None:
    """Send a message that says that it is a test; nothing is kept.

    Raises:
        DeliveryError: it could not be delivered.
    """
    name = project.plan.organisation.name
    text = f"This is a test of the recipient {recipient.name} of Scoreline at {name}."
    message = Message("test", recipient.name, "digest", f"{name}: a test", text)
    _notifier(project, recipient).send(replace(message, address=address))


def _notifier(project: Project, recipient: Recipient) -> Any:
    if project.notifier is None:
        raise DeliveryError("this project was opened without a way to send messages")
    return project.notifier(recipient)


def _deliver(project: Project, told: Told) -> None:
    store, recipients = project.store, project.plan.notify.recipients
    now = project.now()
    store.give_up(now - ABANDONED, now)
    unreachable: set[str] = set()
    for message in store.messages(["pending"]):
        recipient = recipients.get(message.recipient)
        if recipient is None:
            words = f"okr_defs/notify.yaml has no recipient {message.recipient} any more"
            told.failed.append(replace(message, error=words))
        elif recipient.name in unreachable:
            told.failed.append(message)
        elif store.claim(message.key, project.now()):
            _attempt(project, recipient, message, told)
            if told.failed and told.failed[-1].key == message.key:
                unreachable.add(recipient.name)
    told.unsure = store.messages(["unsure"])


def _attempt(project: Project, recipient: Recipient, message: Message, told: Told) -> None:
    faults.reach("message.claimed")
    try:
        _notifier(project, recipient).send(message)
    except DeliveryError as error:
        project.store.settle(message.key, str(error), project.now())
        told.failed.append(replace(message, error=str(error)))
    else:
        faults.reach("message.sent")
        project.store.settle(message.key, None, project.now())
        told.sent.append(replace(message, state="sent"))


class _Maker:
    """Makes the messages of some news, recipient by recipient."""

    def __init__(self, project: Project, news: News) -> None:
        self._project, self._news = project, news
        self._facts = Facts(project, news)
        from scoreline.notify.rendering import Renderer  # brings in Jinja

        self._renderer, self._built_in = Renderer(project.paths.root), Renderer(None)
        self._stamp = f"{project.now():%Y%m%dT%H%M%S.%f}"
        self._taken: frozenset[str] | None = None
        self.problems: list[str] = []

    def messages(self) -> list[Message]:
        found = []
        for recipient in self._project.plan.notify.recipients.values():
            for event in recipient.events:
                found += _MAKERS[event](self, recipient)
        self.problems = list(dict.fromkeys(self.problems))
        return found

    def status(self, recipient: Recipient) -> list[Message]:
        changes = [c for c in self._news.changes if self._facts.concerns(recipient, c.key_result)]
        plan, facts = self._project.plan, self._facts.status
        shares = _shares(recipient, changes, lambda c: owner_of(plan, c.key_result))
        return self._each(recipient, "status", shares, facts, self._stamp)

    def source(self, recipient: Recipient) -> list[Message]:
        streams = [
            s for s in self._news.streams if self._facts.concerns_stream(recipient, s.stream)
        ]
        shares = _shares(recipient, streams, lambda s: self._facts.source_owner(s.stream))
        return self._each(recipient, "source", shares, self._facts.source, self._stamp)

    def reminder(self, recipient: Recipient) -> list[Message]:
        due = [d for d in self._news.reminders if self._facts.concerns(recipient, d.key_result)]
        shares = _shares(recipient, due, lambda d: d.owner)
        return self._each(recipient, "reminder", shares, self._facts.reminder, self._stamp)

    def digest(self, recipient: Recipient) -> list[Message]:
        if not self._news.scores:  # nothing is scored yet: the next run's end will tell
            return []
        period = _period(recipient.digest, self._news.today)
        every = self._project.plan.key_results.values()
        chosen = [
            kr for kr in every if kr.id in self._news.scores and self._facts.concerns(recipient, kr)
        ]
        plan = self._project.plan
        shares = _shares(recipient, chosen, lambda kr: owner_of(plan, kr))
        new = {
            a: k for a, k in shares.items() if not self._is_taken("digest", recipient, a, period)
        }
        return self._each(recipient, "digest", new, self._facts.digest, period)

    def _is_taken(self, event: Event, to: Recipient, address: str | None, part: str) -> bool:
        if self._taken is None:
            self._taken = self._project.store.message_keys()
        return _key(event, to, address, part) in self._taken

    def _each(
        self,
        recipient: Recipient,
        event: Event,
        shares: Mapping[str | None, list[T]],
        facts: Callable[[Sequence[T]], Mapping[str, Any]],
        part: str,
    ) -> list[Message]:
        """A message for each address, with its share."""
        found = []
        for address, share in shares.items():
            title, body = self._render(event, recipient.format, facts(share))
            key = _key(event, recipient, address, part)
            found.append(
                Message(key, recipient.name, event, title, body, recipient.format, address)
            )
        return found

    def _render(self, event: Event, kind: TextFormat, facts: Mapping[str, Any]) -> tuple[str, str]:
        """The title and body; by the built-in template where the project's own is wrong."""
        try:
            return self._renderer.render(event, kind, facts)
        except TemplateFault as fault:
            at = f":{fault.line}" if fault.line else ""
            self.problems.append(f"{fault.file}{at}: {fault}; the built-in one took its place")
            return self._built_in.render(event, kind, facts)


_MAKERS: Mapping[Event, Callable[[_Maker, Recipient], list[Message]]] = {
    "status": _Maker.status,
    "source": _Maker.source,
    "digest": _Maker.digest,
    "reminder": _Maker.reminder,
}


def _key(event: Event, recipient: Recipient, address: str | None, part: str) -> str:
    return ":".join(filter(None, (event, recipient.name, address, part)))


def _shares(
    recipient: Recipient, items: Iterable[T], owner: Callable[[T], str | None]
) -> dict[str | None, list[T]]:
    """Items by the address they go to: all to the channel, or each to its owner."""
    found: dict[str | None, list[T]] = {}
    for item in items:
        if recipient.to == "channel":
            found.setdefault(None, []).append(item)
        elif (address := owner(item)) is not None and "@" in address:
            found.setdefault(address, []).append(item)
    return found


def _period(cadence: Cadence, today: date) -> str:
    """The name of the period that a digest is of."""
    if cadence == "daily":
        return today.isoformat()
    if cadence == "monthly":
        return f"{today:%Y-%m}"
    year, week, _ = today.isocalendar()
    return f"{year}-W{week:02d}"
