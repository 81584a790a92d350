"""The facts that message templates show, for one recipient at a time.

What belongs here: who hears of what, and plain values for each template. What does not:
what there is to tell (news), the words around the facts (notify's templates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from scoreline.core.exact import parse_exact
from scoreline.core.figures import amount, percent
from scoreline.core.model import KeyResult
from scoreline.core.notices import Recipient
from scoreline.notify.ports import Link
from scoreline.steps.discipline import DueCheckIn, owner_of
from scoreline.steps.news import News, StatusChange, StreamNews
from scoreline.steps.project import Project
from scoreline.store.rows import StoredScore

FINE = frozenset({"on_track", "achieved", "pending", "not_started", "withdrawn", "closed"})
"""Statuses that need nobody's attention."""

_LISTED = 25
_SOON = timedelta(days=14)
_STATES = {"failed": "could not be read", "blocked": "is blocked", "ok": "is well again"}


class Facts:
    """What templates show, for one recipient at a time."""

    def __init__(self, project: Project, news: News) -> None:
        self._project, self._plan, self._news = project, project.plan, news
        self._week_ago: Mapping[str, StoredScore] | None = None

    def concerns(self, recipient: Recipient, kr: KeyResult) -> bool:
        """Whether a recipient hears of a key result."""
        owner = owner_of(self._plan, kr)
        if recipient.people and owner not in recipient.people:
            return False
        return not recipient.teams or self._inside(kr.id.split("/")[1], recipient.teams)

    def _inside(self, team: str | None, teams: Sequence[str]) -> bool:
        seen: set[str] = set()
        while team is not None and team not in seen:
            if team in teams:
                return True
            seen.add(team)
            found = self._plan.organisation.teams.get(team)
            team = found.parent if found else None
        return False

    def concerns_stream(self, recipient: Recipient, stream: str) -> bool:
        """Whether a recipient hears of a stream: by its owner, or a key result reading it."""
        owner = self.source_owner(stream)
        if recipient.people and owner not in recipient.people:
            return False
        return not recipient.teams or any(
            self.concerns(recipient, kr) for kr in self._readers(stream)
        )

    def source_owner(self, stream: str) -> str | None:
        """The owner of a stream's source."""
        source = self._plan.sources.get(stream.split(".", 1)[0])
        return source.owner if source else None

    def _readers(self, stream: str) -> list[KeyResult]:
        found = self._news.scores
        return [
            kr
            for kr in self._plan.key_results.values()
            if kr.id in found and f"stream {stream}" in found[kr.id].body["definitions"]
        ]

    def status(self, changes: Sequence[StatusChange]) -> dict[str, Any]:
        """For the templates `status`."""
        listed = [{**self._row(c.key_result, c.score), "before": words(c.before)} for c in changes]
        return {**self._common(), "changes": listed}

    def source(self, streams: Sequence[StreamNews]) -> dict[str, Any]:
        """For the templates `source`."""
        listed = []
        for one in streams:
            commands = [f"scoreline batches show {b}" for b in one.batches]
            listed.append(
                {
                    "name": one.stream,
                    "state": one.state,
                    "words": _STATES[one.state],
                    "reason": one.reason,
                    "owner": self.source_owner(one.stream) or "",
                    "commands": [Link(c) for c in commands],
                    "key_results": ", ".join(kr.title for kr in self._readers(one.stream)[:10]),
                }
            )
        return {**self._common(), "streams": listed, "link": self._link("/health")}

    def reminder(self, due: Sequence[DueCheckIn]) -> dict[str, Any]:
        """For the templates `reminder`."""
        listed = [
            {
                "id": d.key_result.id,
                "title": d.key_result.title,
                "owner": self._person(d.owner),
                "since": d.since.isoformat(),
                "last": d.last.isoformat() if d.last else "",
                "manual": d.key_result.manual,
                "link": self._link(f"/key-results/{quote(d.key_result.id)}"),
            }
            for d in due
        ]
        return {**self._common(), "due": listed, "cadence": self._plan.organisation.check_ins}

    def digest(self, chosen: Sequence[KeyResult]) -> dict[str, Any]:
        """For the templates `digest`: the state of these key results."""
        news, earlier = self._news, self._earlier()
        scored = [(kr, news.scores[kr.id]) for kr in chosen if kr.id in news.scores]
        counts: dict[str, int] = {}
        for _, score in scored:
            counts[score.status] = counts.get(score.status, 0) + 1
        trouble = [self._row(kr, s) for kr, s in scored if s.status not in FINE]
        moved = [
            {**self._row(kr, s), "before": words(earlier[kr.id].status)}
            for kr, s in scored
            if kr.id in earlier and earlier[kr.id].status != s.status
        ]
        soon = [
            self._row(kr, s)
            for kr, s in scored
            if news.today <= kr.due <= news.today + _SOON and s.status not in FINE - {"on_track"}
        ]
        ids = {kr.id for kr in chosen}
        return {
            **self._common(),
            "total": len(scored),
            "since": (news.as_of - timedelta(days=7)).isoformat(),
            "counts": [{"number": n, "words": words(s)} for s, n in sorted(counts.items())],
            "attention": trouble[:_LISTED],
            "more_attention": max(0, len(trouble) - _LISTED),
            "moved": [m for m in moved if m["status"] != "achieved"][:_LISTED],
            "achieved": [m for m in moved if m["status"] == "achieved"][:_LISTED],
            "due_soon": sorted(soon, key=lambda k: k["due"])[:_LISTED],
            "silent": sum(d.key_result.id in ids for d in news.due),
            "link": self._link("/"),
        }

    def _earlier(self) -> Mapping[str, StoredScore]:
        if self._week_ago is None:
            day = self._news.as_of - timedelta(days=7)
            self._week_ago = self._project.store.latest_scores(day)
        return self._week_ago

    def _common(self) -> dict[str, Any]:
        return {
            "organisation": self._plan.organisation.name,
            "as_of": self._news.as_of.isoformat(),
        }

    def _row(self, kr: KeyResult, score: StoredScore) -> dict[str, Any]:
        body, metric = score.body, self._plan.metrics.get(kr.metric or "")
        unit = metric.unit if metric else None
        return {
            "id": kr.id,
            "title": kr.title,
            "team": kr.id.split("/")[1],
            "owner": self._person(owner_of(self._plan, kr)),
            "status": score.status,
            "now": words(score.status),
            "reason": body["reason"] or "",
            "value": amount(_exact(body["value"]), unit),
            "target": amount(_exact(body["target"]), unit) if body["target"] else "",
            "progress": percent(_exact(body["progress"])),
            "expected": percent(_exact(body["expected"])),
            "due": kr.due.isoformat(),
            "link": self._link(f"/key-results/{quote(kr.id)}"),
        }

    def _person(self, address: str | None) -> str:
        person = self._plan.organisation.people.get(address or "")
        return person.name if person else address or ""

    def _link(self, path: str) -> Link:
        page = self._plan.notify.page
        return Link(page + path if page else "")


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else parse_exact(text)


def words(status: str) -> str:
    """A status in words: `on track`."""
    return status.replace("_", " ")
