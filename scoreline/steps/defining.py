"""Definition versions: which of them are new, who made them, and why.

What belongs here: what is recorded when definitions change. What does not: the bodies
themselves (definitions.canonical), whether a change may count (change.approving).
"""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoreline.core.digests import digest, digest_of
from scoreline.core.records import DefinitionVersion
from scoreline.definitions import versioned
from scoreline.definitions.diff import Change, semantic_diff
from scoreline.definitions.recorded import REMOVED, is_removed
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions

_REMOVAL = {REMOVED: True}


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who records definitions, why, and who approved it.

    `who` is the login, as far as the machine knows. `approvers` are those that someone
    named on recording them.
    """

    who: str
    why: str | None = None
    approvers: tuple[str, ...] = ()


def login() -> str:
    """The login that this process runs under."""
    return getpass.getuser()


def is_recorded(project: Project) -> bool:
    """Whether the definitions are without error and the record has exactly these objects."""
    if project.errors:
        return False
    removal = digest_of(_REMOVAL)
    recorded = {n: d for n, (d, _) in project.store.definition_digests().items() if d != removal}
    return recorded == Definitions(project.plan).digests


def new_versions(
    project: Project,
    definitions: Definitions,
    *,
    whole: bool,
    authorship: Authorship | None = None,
) -> list[DefinitionVersion]:
    """The versions of objects that differ from the record, each with what changed and by whom.

    Args:
        project: the open project.
        definitions: the bodies now.
        whole: nothing is in error, so that what is missing was removed.
        authorship: who and why; this process's login if None.
    """
    known = project.store.definition_digests()
    fresh = [v for v in definitions.versions() if _differs(v, known.get(v.name))]
    gone = _gone(definitions, known) if whole else []
    if not fresh and not gone:
        return []
    old = project.store.current_definitions([*(v.name for v in fresh if v.name in known), *gone])
    about = _about(project, authorship or Authorship(login()))
    removed = [DefinitionVersion(n, n.partition(" ")[0], _REMOVAL) for n in gone]
    without = ({**about, "differences": []},)  # one for all that are new or gone as a whole
    found = []
    for v in [*fresh, *removed]:
        differences = _changes(old.get(v.name), v)
        change = ({**about, "differences": differences},) if differences else without
        found.append(DefinitionVersion(v.name, v.kind, v.body, v.sql, change, v.written))
    return found


def _differs(version: DefinitionVersion, known: tuple[str, str | None] | None) -> bool:
    sql = None if version.sql is None else digest(version.sql.encode())
    return known is None or known[0] != version.digest or sql not in (None, known[1])


def _gone(definitions: Definitions, known: Mapping[str, tuple[str, str | None]]) -> list[str]:
    """Objects that the record has in force and the definitions no longer have."""
    removal, present = digest_of(_REMOVAL), definitions.digests
    return [n for n, (found, _) in known.items() if n not in present and found != removal]


def _about(project: Project, authorship: Authorship) -> dict[str, Any]:
    head = versioned.head(project.paths.root)
    return {
        "who": authorship.who,
        "why": authorship.why,
        "approvers": list(authorship.approvers),
        "commit": head.commit if head else None,
        "dirty": head.dirty if head else None,
    }


def _changes(old: DefinitionVersion | None, new: DefinitionVersion) -> list[dict[str, Any]]:
    """What changed path by path; nothing for what is new or gone as a whole."""
    if old is None or is_removed(old.body) or is_removed(new.body):
        return []
    return as_bodies(semantic_diff(old.body, new.body))


def as_bodies(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Differences as plain values, as they are recorded and printed for programs."""
    return [{"path": c.path, "before": c.before, "after": c.after} for c in changes]
