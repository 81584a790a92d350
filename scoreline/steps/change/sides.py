"""The two sides of a change: definitions as they were, and as they are written now.

What belongs here: where the earlier definitions come from (the record, a moment in it, a
commit, another folder). What does not: comparing the sides (differences).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from scoreline.core.errors import DefinitionError, UsageError
from scoreline.core.model import Plan
from scoreline.definitions import versioned
from scoreline.definitions.canonical import object_bodies
from scoreline.definitions.project import FOLDER
from scoreline.definitions.recorded import Bodies, is_removed, objects_of, plan_from
from scoreline.steps.clocks import moment_of
from scoreline.steps.planning import load_plan
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions


@dataclass(slots=True)
class Side:
    """Definitions with their canonical bodies.

    `origin` says where they come from and `label` says it in words. `sql` has the recorded
    SQL of metrics; on a side that was read from files it is compiled when it is asked for.
    """

    origin: Literal["record", "commit", "folder", "files"]
    label: str
    plan: Plan
    bodies: Bodies
    sql: Mapping[str, str] = field(default_factory=dict)
    _definitions: Definitions | None = None

    @property
    def definitions(self) -> Definitions:
        """The bodies with their digests."""
        if self._definitions is None:
            self._definitions = Definitions(self.plan, self.bodies)
        return self._definitions

    def sql_of(self, name: str) -> str | None:
        """The SQL of a metric or model, by its name with its kind; None if it has none."""
        kind, _, thing = name.partition(" ")
        if kind == "model":
            model = self.plan.models.get(thing)
            return model.sql if model else None
        if kind != "metric" or thing not in self.plan.metrics:
            return None
        if self.origin == "record":
            return self.sql.get(name)
        from scoreline.measures.single import sql_of  # parses SQL

        return sql_of(self.plan, thing, (), None) if self.plan.metrics[thing].measure else None


def written(project: Project) -> Side:
    """The definitions in the project's files."""
    return Side("files", "the files", project.plan, object_bodies(project.plan))


def nothing_recorded(project: Project) -> Side:
    """The side of a project that never ran: everything is new."""
    plan = Plan(project.plan.organisation)
    return Side("record", "nothing: no definition is recorded yet", plan, {})


def earlier(project: Project, new: Side, against: str | None) -> Side:
    """The definitions to compare with.

    Args:
        project: the open project.
        new: the definitions in the files.
        against: None or `recorded` for the definitions in force; a moment (ISO 8601; of a
            day its end) for those in force then; a commit of the project's repository; or
            another folder that holds definitions.

    Raises:
        UsageError: it is none of them.
    """
    if against is None or against == "recorded":
        return _recorded(project, new, None)
    moment = _moment(project, against)
    if moment is not None:
        return _recorded(project, new, moment)
    if (Path(against) / FOLDER).is_dir():
        return _read(Path(against).resolve(), "folder", f"the files in {against}")
    if versioned.is_ref(project.paths.root, against):
        with tempfile.TemporaryDirectory(prefix="scoreline-") as folder:
            commit = versioned.check_out(project.paths.root, against, Path(folder))
            return _read(Path(folder), "commit", f"{against} ({commit[:9]})")
    raise UsageError(
        f"--against {against!r} is nothing to compare with: legal are `recorded`, a commit of "
        "this project's repository (a branch, a tag, a hash), a moment such as "
        "2026-11-02T08:00:00Z, or another folder that holds okr_defs/"
    )


def _moment(project: Project, text: str) -> datetime | None:
    """A moment, of a text that begins like one (a commit's hash does not)."""
    return moment_of(text, project.zone) if re.match(r"\d{4}-\d\d-\d\d", text) else None


def _recorded(project: Project, new: Side, known_at: datetime | None) -> Side:
    versions = project.store.current_definitions(known_at=known_at)
    bodies: dict[str, tuple[str, Mapping[str, Any]]] = {
        name: (v.kind, v.body) for name, v in versions.items() if not is_removed(v.body)
    }
    if "organisation" not in bodies:
        return nothing_recorded(project)
    label = "what is recorded" if known_at is None else f"what was recorded on {known_at:%F %H:%M}"
    known = {n: thing for n, thing in objects_of(new.plan) if new.bodies.get(n) == bodies.get(n)}
    sql = {name: v.sql for name, v in versions.items() if v.sql is not None}
    return Side("record", label, plan_from(bodies, known), bodies, sql)


def _read(root: Path, origin: Literal["commit", "folder"], label: str) -> Side:
    try:
        plan = load_plan(root).plan
    except DefinitionError as error:
        raise UsageError(f"the definitions of {label} cannot be used: {error}") from error
    return Side(origin, label, plan, object_bodies(plan))
