"""Making a project from a folder.

What belongs here: choosing implementations (stores, validator, connectors, clock). What
does not: any step of a run.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.core.exact import parse_exact
from scoreline.core.model import Organisation, Plan
from scoreline.steps.ports import Clock, Listener, Silence
from scoreline.wiring.keyring import Keyring
from scoreline.wiring.lineage import lineage_sink
from scoreline.wiring.messengers import notifier_of
from scoreline.wiring.secret_values import resolve_secrets
from scoreline.wiring.sources import SourceReader, check_options, make_importable

if TYPE_CHECKING:
    from scoreline.quality.model import Validator
    from scoreline.steps.checking import Recorded
    from scoreline.steps.project import Paths, Project

STATE_FOLDER = ".scoreline"


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def open_project(
    root: Path,
    *,
    validator: Validator | None = None,
    clock: Clock = utc_now,
    listener: Listener | None = None,
    check_sql: bool = True,
    as_written: bool = False,
) -> Project:
    """Open the project in a folder; its state is made where it is missing.

    Args:
        root: the folder that holds `okr_defs/`.
        validator: what evaluates checks; Great Expectations in a child process if None.
        clock: the time.
        listener: hears of progress.
        check_sql: parse the SQL of conditions and models; what only reads scores need not.
        as_written: take changed targets as they are in the files, approved or not.

    Raises:
        UsageError: the folder holds no project.
        DefinitionError: the organisation file cannot be used.
        StoreError: the control store cannot be opened.
    """
    from scoreline.quality.gx import GxValidator
    from scoreline.steps.change.approving import counting
    from scoreline.steps.planning import load_plan
    from scoreline.steps.project import Paths, Project
    from scoreline.store.store import ControlStore
    from scoreline.warehouse.files import FileStore

    root = root.resolve()
    make_importable(root)
    loaded = load_plan(root, check_options if check_sql else None, check_sql=check_sql)
    paths = Paths(root, root / STATE_FOLDER)
    paths.state.mkdir(parents=True, exist_ok=True)
    store = ControlStore.open(control_store_url(paths.state))
    organisation = loaded.plan.organisation
    plan, waiting = (loaded.plan, ()) if as_written else counting(loaded.plan, store)
    return Project(
        paths=paths,
        plan=plan,
        problems=loaded.problems,
        definition_files=loaded.files,
        store=store,
        files=FileStore(paths.files),
        validator=validator or GxValidator(),
        extractor=lambda source: SourceReader(source, root, clock),
        clock=clock,
        version=version("scoreline"),
        keyring=_keyring(organisation, paths, root),
        listener=listener or Silence(),
        waiting=waiting,
        notifier=lambda recipient: notifier_of(recipient, root),
        signing_secret=_signing_secret(organisation.signing_key, root),
        checkpoint_place=checkpoint_place(organisation.checkpoints_to, root),
        lineage_sink=lineage_sink(organisation.lineage, root),
    )


def _signing_secret(reference: str | None, root: Path) -> Callable[[], str] | None:
    """Gives the signing key that the definitions refer to, read when it is needed."""
    return None if reference is None else lambda: str(resolve_secrets(reference, root))


def checkpoint_place(declared: str | None, root: Path) -> str | None:
    """Where checkpoints are copied to: `SCORELINE_CHECKPOINTS`, else what is declared.

    A path is taken from the project's folder.
    """
    place = os.environ.get("SCORELINE_CHECKPOINTS") or declared
    return place if place is None or "://" in place else str(root / place)


def _keyring(organisation: Organisation, paths: Paths, root: Path) -> Keyring:
    first = organisation.pseudonym_key
    references = (first, *organisation.later_pseudonym_keys) if first else ()
    keyring = Keyring(references, paths.keys, root)
    if not references:
        keyring.pseudonyms()  # made with the project, so that the first backup has it
    return keyring


def with_sql_checked(project: Project) -> Project:
    """A project that was opened with `check_sql=False`, as if it had been looked at then."""
    from scoreline.steps.planning import LoadedPlan, checked

    found = checked(
        LoadedPlan(project.plan, project.problems, project.definition_files), check_options
    )
    project.plan, project.problems = found.plan, found.problems
    project.definition_files = found.files
    return project


def control_store_url(state: Path) -> str:
    """Where the control store is: `SCORELINE_STORE`, else SQLite in the state folder."""
    return named_store_url() or f"sqlite:///{state / 'control.db'}"


def named_store_url() -> str | None:
    """The control store that `SCORELINE_STORE` names; None where it lies in the state folder."""
    return os.environ.get("SCORELINE_STORE") or None


def recorded_facts(root: Path, plan: Plan) -> Recorded | None:
    """What a project's record says of its dimensions and key results; None without one."""
    from scoreline.definitions.lint import Facts
    from scoreline.steps.checking import Recorded
    from scoreline.store.store import ControlStore

    state = root / STATE_FOLDER
    url = control_store_url(state)
    if url.startswith("sqlite") and not (state / "control.db").exists():
        return None
    store = ControlStore.open(url)
    try:
        scores = store.newest_scores()
        newest = {
            kr: parse_exact(str(body["value"])) for kr, body in scores.items() if body.get("value")
        }
        facts = Facts(dimension_values=store.dimension_values(), newest=newest)
        return Recorded(facts, tuple(scores))
    finally:
        store.close()
