"""A project whose statuses follow from check-ins, and a recipient that remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from flow_builders import ORGANISATION, Small

from scoreline.core.notices import Message, Recipient
from scoreline.core.records import CheckIn
from scoreline.notify.ports import DeliveryError
from scoreline.steps.project import Project
from scoreline.steps.reports import SourceReport
from scoreline.steps.run import run_all
from scoreline.steps.telling import Told, tell

KR = "2026-H2/learning/o/hand"
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      hand: {title: By hand, manual: true, baseline: 0, target: 10}
      other: {title: Other, manual: true, baseline: 0, target: 10, owner: tom@acme.example}
"""
CHANNEL = 'recipients:\n  ops: {url: "${env:OPS}", events: [status]}\n'


@dataclass
class Inbox:
    """A notifier for every recipient: keeps messages, or fails as told."""

    got: list[Message] = field(default_factory=list)
    error: str | None = None

    def __call__(self, recipient: Recipient) -> Inbox:
        """The notifier of a recipient: always this one."""
        return self

    def send(self, message: Message) -> None:
        """Keep it."""
        if self.error:
            raise DeliveryError(self.error)
        self.got.append(message)


@dataclass
class Telling:
    """The project with its inbox; each method opens it anew, as another process would."""

    small: Small
    inbox: Inbox = field(default_factory=Inbox)

    @classmethod
    def make(cls, root: Path, notify: str = CHANNEL) -> Telling:
        """Two manual key results and these recipients."""
        made = cls(Small(root))
        made.small.define(
            organisation=ORGANISATION, objectives__2026_H2__learning=OBJECTIVES, notify=notify
        )
        return made

    @contextmanager
    def open(self) -> Iterator[Project]:
        """The project with the inbox in place of a transport."""
        with self.small.open() as project:
            project.notifier = self.inbox
            yield project

    def says(self, value: str, kr: str = KR, day: str = "2026-11-21") -> None:
        """A check-in of a value."""
        with self.open() as project:
            entry = CheckIn(kr, date.fromisoformat(day), "maya", value=value)
            project.store.add_check_in(entry, project.now())

    def run(self) -> Told:
        """A run, and telling at its end."""
        with self.open() as project:
            return tell(project, run_all(project).sources)

    def tell(
        self, sources: Mapping[str, SourceReport] | None = None, *, dry_run: bool = False
    ) -> Told:
        """Telling alone."""
        with self.open() as project:
            return tell(project, sources, dry_run=dry_run)

    def later(self, **delta: int) -> None:
        """Set the clock on."""
        self.small.clock.moment += timedelta(**delta)

    def titles(self) -> list[str]:
        """The titles of what arrived, which is then taken out."""
        found = [m.title for m in self.inbox.got]
        self.inbox.got.clear()
        return found
