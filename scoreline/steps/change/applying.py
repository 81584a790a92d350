"""Apply: the definitions in the files are recorded, with who and why, before anything runs.

What belongs here: which versions may be recorded now, and recording them. What does not:
what they do to scores (proposal), the next run's scores.

Without `approve_targets` a run records changed definitions itself; applying them first says
why. With it, key results whose goalposts moved are recorded only with the approval of those
that the record names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scoreline.core.errors import UsageError
from scoreline.core.records import DefinitionVersion
from scoreline.steps.change.approving import asks_for_approval, find_waiting, with_approved
from scoreline.steps.defining import Authorship, login, new_versions
from scoreline.steps.measuring import usable_plan
from scoreline.steps.project import Project, Waiting
from scoreline.steps.recording import Definitions
from scoreline.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Applied:
    """What was recorded: versions, and key results whose new goalposts were approved or wait.

    `block` is the digest of the ledger block, None where nothing was new.
    """

    versions: tuple[DefinitionVersion, ...]
    approved: tuple[Waiting, ...]
    waiting: tuple[Waiting, ...]
    block: str | None


def apply_definitions(project: Project, reason: str, approvers: Sequence[str] = ()) -> Applied:
    """Record the definitions as written, and hold back what is not approved.

    Args:
        project: the open project, with the definitions as written.
        reason: why; it is kept in the record.
        approvers: who agrees to changed targets, by the e-mail address of the definitions.

    Raises:
        UsageError: no reason, a definition is in error, or an approver approves nothing.
    """
    if not reason.strip():
        raise UsageError("--reason must say why: an auditor will read it")
    _refuse_errors(project)
    with project.working("apply"):
        waiting: tuple[Waiting, ...] = ()
        if asks_for_approval(project.plan, project.store):
            waiting = find_waiting(project.plan, project.store)
        approved = tuple(w for w in waiting if _agrees(w, approvers))
        _refuse_idle(approvers, approved, waiting)
        held = tuple(w for w in waiting if w not in approved)
        definitions = Definitions(with_approved(project.plan, held))
        why = Authorship(login(), reason.strip(), tuple(approvers))
        versions = new_versions(project, definitions, whole=True, authorship=why)
        block = _record(project, versions) if versions else None
    return Applied(tuple(versions), approved, held, block)


def _record(project: Project, versions: list[DefinitionVersion]) -> str | None:
    run = project.store.begin_run("apply", None, project.version, project.now())
    outcome = "failed"
    try:
        done = project.store.commit_run(run, definitions=versions, now=project.now())
        outcome = "finished"
    finally:
        project.store.end_run(run, outcome, project.now(), {})
    return done.block


def _agrees(waiting: Waiting, approvers: Collection[str]) -> bool:
    """Whether one of the approvers may approve it; where nobody is named anyone may."""
    if waiting.approver is None:
        return bool(approvers)
    return waiting.approver in approvers


def _refuse_idle(
    approvers: Collection[str], approved: Collection[Waiting], waiting: Collection[Waiting]
) -> None:
    """Refuse an approver who has nothing to approve: a name misspelt must not go unnoticed."""
    idle = [a for a in approvers if not any(_agrees(w, [a]) for w in approved)]
    if idle:
        wanted = ", ".join(sorted({w.approver or "anybody" for w in waiting})) or "nobody"
        raise UsageError(f"nothing waits for the approval of {idle[0]}; it waits for: {wanted}")


def _refuse_errors(project: Project) -> None:
    """Refuse definitions that are in error, and those that DuckDB would refuse."""
    words = [f"{p.place}: {p.message}" for p in project.errors]
    if not words and project.plan.models:
        zone = project.plan.organisation.timezone
        project.paths.temp.mkdir(parents=True, exist_ok=True)
        with Warehouse(None, zone, project.paths.temp) as warehouse:
            warehouse.prepare(project.plan.streams.values())
            words = list(usable_plan(project.plan, warehouse)[2].values())
    if words:
        more = f" (and {len(words) - 1} more)" if len(words) > 1 else ""
        raise UsageError(
            f"the definitions have an error, so nothing was recorded: {words[0]}{more}; "
            "`scoreline check` lists what is wrong"
        )
