"""From organisation.yaml as written to the organisation of the plan.

What belongs here: the rules between its keys, holidays by country code. What does not:
shapes and words (specs_organisation).
"""

from __future__ import annotations

from datetime import date

from scoreline.core.model import Cycle, LineageTo, Organisation, Person, Team, Thresholds
from scoreline.definitions.findings import Entry
from scoreline.definitions.resolve_retention import resolve_retention
from scoreline.definitions.secret_refs import check_reference, check_secrets
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_organisation import OrganisationSpec, TeamSpec


def resolve_organisation(entry: Entry, spec: OrganisationSpec) -> Organisation | None:
    """The organisation, or None with its errors reported."""
    for name, cycle in spec.cycles.items():
        if cycle.start >= cycle.end:
            message = f"the cycle {name} ends before or on the day it starts"
            entry.error("inverted-dates", message, "cycles", name, "end", legal="end after start")
    _check_thresholds(entry, spec)
    _check_teams(entry, spec.teams)
    keys = _pseudonym_keys(entry, spec)
    retention = resolve_retention(entry, spec.retention)
    if spec.checkpoints and spec.checkpoints.key:
        check_reference(entry, spec.checkpoints.key, "checkpoints", "key")
    if spec.checkpoints and spec.checkpoints.copy_to:
        check_secrets(entry, spec.checkpoints.copy_to, "checkpoints", "copy_to")
    lineage = _lineage(entry, spec)
    holidays = _holidays(entry, spec)
    if not entry.ok:
        return None
    return Organisation(
        name=spec.organisation,
        timezone=spec.timezone,
        cycles={n: Cycle(n, c.start, c.end) for n, c in spec.cycles.items()},
        teams={n: Team(n, t.lead, t.parent, t.title, t.weight) for n, t in spec.teams.items()},
        people={mail: Person(mail, person.name) for mail, person in spec.people.items()},
        evaluate=spec.evaluate,
        fiscal_year_starts=spec.fiscal_year_starts,
        thresholds=Thresholds(
            spec.thresholds.on_track, spec.thresholds.at_risk, spec.thresholds.grace
        ),
        holidays=holidays,
        check_ins=spec.check_ins,
        schedule=spec.schedule,
        pseudonym_key=keys[0] if keys else None,
        later_pseudonym_keys=keys[1:],
        approve_targets=spec.approve_targets,
        retention=retention,
        signing_key=spec.checkpoints.key if spec.checkpoints else None,
        checkpoints_to=spec.checkpoints.copy_to if spec.checkpoints else None,
        lineage=lineage,
        place=entry.place,
    )


def _pseudonym_keys(entry: Entry, spec: OrganisationSpec) -> tuple[str, ...]:
    """The references of the keys of pseudonyms, oldest first."""
    if spec.personal is None:
        return ()
    if isinstance(spec.personal.key, str):
        check_reference(entry, spec.personal.key, "personal", "key")
        return (spec.personal.key,)
    for index, key in enumerate(spec.personal.key):
        check_reference(entry, key, "personal", "key", index)
    return tuple(spec.personal.key)


def _lineage(entry: Entry, spec: OrganisationSpec) -> LineageTo | None:
    declared = spec.lineage
    if declared is None:
        return None
    if declared.url is None and declared.file is None:
        message = "lineage says nothing: name where its events go"
        entry.error("missing-key", message, "lineage", legal="url, file, or both")
    if declared.api_key is not None:
        check_reference(entry, declared.api_key, "lineage", "api_key")
    check_secrets(entry, declared.url or "", "lineage", "url")
    return LineageTo(declared.url, declared.file, declared.api_key, declared.namespace)


def _check_thresholds(entry: Entry, spec: OrganisationSpec) -> None:
    on_track, at_risk = spec.thresholds.on_track, spec.thresholds.at_risk
    if not 0 < at_risk <= on_track:
        where = ("thresholds", "at_risk" if "at_risk" in spec.thresholds.model_fields_set else "")
        entry.error(
            "bad-thresholds",
            f"at_risk ({at_risk}) must be above 0 and at most on_track ({on_track})",
            *where,
            legal="0 < at_risk <= on_track <= 1",
        )


def _check_teams(entry: Entry, teams: dict[str, TeamSpec]) -> None:
    for name, team in teams.items():
        if team.parent is None:
            continue
        if team.parent not in teams:
            message = f"the team {name} has an unknown parent"
            entry.error(
                "unknown-reference", message, "teams", name, "parent",
                legal=listed(teams), hint=nearest(team.parent, teams),
            )  # fmt: skip
            continue
        line = [name]
        while (parent := teams[line[-1]].parent) in teams and parent not in line:
            line.append(str(parent))
        if parent == name:
            message = f"teams stand above each other in a circle: {' > '.join([*line, name])}"
            entry.error("reference-cycle", message, "teams", name, "parent", legal="a tree")


def _holidays(entry: Entry, spec: OrganisationSpec) -> frozenset[date]:
    if isinstance(spec.holidays, list):
        return frozenset(spec.holidays)
    from holidays import country_holidays, list_supported_countries

    country, _, subdivision = spec.holidays.partition("-")
    supported = list_supported_countries()
    days = [d for c in spec.cycles.values() for d in (c.start, c.end)]
    years = range(min(days).year - 1, max(days).year + 2)
    if country not in supported or (subdivision and subdivision not in supported[country]):
        known = supported.get(country)
        legal = "dates, or a code such as DE or DE-BE"
        legal = f"{country} alone or with {listed(known, 20)}" if known else legal
        names = [f"{country}-{s}" for s in known] if known else list(supported)
        hint = nearest(spec.holidays, names)
        message = "there is no holiday calendar of that code"
        entry.error("unknown-holidays", message, "holidays", legal=legal, hint=hint)
        return frozenset()
    return frozenset(country_holidays(country, subdiv=subdivision or None, years=years))
