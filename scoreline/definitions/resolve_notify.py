"""From notify.yaml as written to the recipients of the plan.

What belongs here: the rules between its keys and the organisation. What does not: shapes
(specs_notify), sending. A recipient in error is left out; the others stay.
"""

from __future__ import annotations

from collections.abc import Iterable

from scoreline.core.model import Organisation
from scoreline.core.notices import Notify, Recipient
from scoreline.definitions.findings import Entry
from scoreline.definitions.reading import NotifyDraft
from scoreline.definitions.secret_refs import check_reference
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_notify import RecipientSpec


def resolve_notify(draft: NotifyDraft, organisation: Organisation) -> Notify:
    """The recipients that are in order; what is wrong with the others is reported."""
    recipients = {}
    for name, entry, spec in draft.recipients:
        if spec is None:
            continue
        _check(entry, spec, organisation)
        if entry.ok:
            recipients[name] = _recipient(name, entry, spec)
    return Notify(recipients, draft.head.page if draft.head else None)


def _recipient(name: str, entry: Entry, spec: RecipientSpec) -> Recipient:
    return Recipient(
        name=name,
        url=spec.url,
        events=tuple(dict.fromkeys(spec.events)),
        teams=tuple(spec.teams),
        people=tuple(spec.people),
        to=spec.to,
        digest=spec.digest,
        format=spec.format,
        place=entry.place,
    )


def _check(entry: Entry, spec: RecipientSpec, organisation: Organisation) -> None:
    check_reference(entry, spec.url, "url")
    _known(entry, spec.teams, organisation.teams)
    for index, person in enumerate(spec.people):
        if "@" not in person:
            message = "people are named by the address that owners are written by"
            legal = "an address, such as maya@acme.example"
            entry.error("bad-name", message, "people", index, legal=legal)


def _known(entry: Entry, named: list[str], teams: Iterable[str]) -> None:
    every = list(teams)
    for index, team in enumerate(named):
        if team not in every:
            message = f"there is no team {team}"
            entry.error(
                "unknown-reference", message, "teams", index,
                legal=listed(every), hint=nearest(team, every),
            )  # fmt: skip
