"""The plan that the steps work by: definitions, minus what their SQL gets wrong.

What belongs here: putting the checks of definitions, measures and connector options
together. What does not: any rule itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.core.errors import DefinitionError, Problem
from scoreline.core.model import Plan, Source
from scoreline.definitions.project import DefinitionFile, load_project
from scoreline.measures.prune import prune

if TYPE_CHECKING:
    from scoreline.steps.project import Waiting

OptionsCheck = Callable[[Source], list[tuple[str | None, str]]]


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """What can be used, what is wrong, every file, and what waits for an approval."""

    plan: Plan
    problems: tuple[Problem, ...]
    files: tuple[DefinitionFile, ...]
    waiting: tuple[Waiting, ...] = ()


def load_plan(
    root: Path, options_check: OptionsCheck | None = None, *, check_sql: bool = True
) -> LoadedPlan:
    """Load the definitions below `root` and take out what is in error.

    `options_check` names what is wrong with a source's connector and options; such a
    source stays in the plan (its data do) and fails when it is read. Without `check_sql`
    the SQL of conditions and models is taken as it stands.

    Raises:
        DefinitionError: there is no usable organisation file; names every problem.
    """
    loading = load_project(root)
    if loading.plan is None:
        raise DefinitionError("\n".join(str(p) for p in loading.problems))
    loaded = LoadedPlan(loading.plan, loading.problems, loading.files)
    return checked(loaded, options_check) if check_sql else loaded


def checked(loaded: LoadedPlan, options_check: OptionsCheck | None = None) -> LoadedPlan:
    """The plan without what its SQL gets wrong, where that was not looked at before."""
    found = _sql_problems(loaded.plan)
    plan = prune(loaded.plan, [p.scope for p in found])
    options = [] if options_check is None else _options(plan, options_check)
    problems = tuple(sorted([*loaded.problems, *found, *options], key=lambda p: p.place))
    return LoadedPlan(plan, problems, _marked(loaded.files, problems))


def _sql_problems(plan: Plan) -> list[Problem]:
    from scoreline.measures.allowed import validate  # parses SQL: half a second of imports

    return validate(plan, None)


def _options(plan: Plan, check: OptionsCheck) -> list[Problem]:
    problems = []
    for source in plan.sources.values():
        streams = {s.name: s for s in source.streams}
        for stream, words in check(source):
            place = streams[stream].place if stream in streams else source.place
            scope = f"source {source.name}"
            problems.append(Problem("error", "connector-option", place, words, scope=scope))
    return problems


def _marked(
    files: tuple[DefinitionFile, ...], problems: tuple[Problem, ...]
) -> tuple[DefinitionFile, ...]:
    faulty = {p.place.file for p in problems if p.severity == "error"}
    return tuple(
        DefinitionFile(f.path, f.kind, f.ok and f.path not in faulty, f.digest) for f in files
    )
