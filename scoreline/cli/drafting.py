"""`new source`, `import metricflow` and `schema`: drafts, printed or written.

What belongs here: printing and the decision to write. What does not: what is proposed.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from scoreline.cli.console import console, print_json, safe
from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError
from scoreline.definitions.project import FOLDER, load_project
from scoreline.wiring import SourceReader, utc_now
from scoreline.wiring.locating import locate
from scoreline.workbench.drafting import Draft, Place, draft_source
from scoreline.workbench.editor import SCHEMAS, refresh_schemas, write_schemas
from scoreline.workbench.metricflow import import_metricflow

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person named on the command line."""

    where: str
    table: str | None = None
    password_from: str | None = None
    name: str = ""
    stream: str = ""


def draft_of(root: Path, wanted: Wanted, timezone: str) -> Draft:
    """The draft of a source, its data read once.

    Raises:
        ScorelineError: it cannot be found or read.
    """
    place = locate(wanted.where, wanted.table, root, source=wanted.name, stream=wanted.stream)
    if wanted.password_from is not None:
        place = _with_password(place, wanted.password_from)
    return draft_source(place, lambda s: SourceReader(s, root, utc_now), timezone)


def _with_password(place: Place, variable: str) -> Place:
    if not _VARIABLE.fullmatch(variable):
        raise UsageError(f"{variable!r} is no name of an environment variable")
    if place.connector != "sql":
        raise UsageError("--password-from goes with the URL of a database")
    return replace(place, options={**place.options, "password": f"${{env:{variable}}}"})


def propose_source(root: Path, wanted: Wanted, *, write: bool, json: bool) -> int:
    """Print the draft of a source file, or write it; returns 0."""
    plan = load_project(root).plan
    timezone = plan.organisation.timezone if plan is not None else "UTC"
    draft = draft_of(root, wanted, timezone)
    target = root / FOLDER / "sources" / f"{draft.proposal.name}.yaml"
    if write:
        if plan is None:
            raise UsageError(f"there is no project in {root}: `scoreline init DIR` starts one")
        _write_new(root, target, draft.text, "give another --name, or print the draft")
    if json:
        print_json(
            {
                "source": draft.proposal.name,
                "stream": draft.proposal.stream.name,
                "rows": draft.rows,
                "refused": draft.refused,
                "file": str(target) if write else None,
                "text": draft.text,
            }
        )
        return 0
    if not write:
        sys.stdout.write(draft.text)
    _say(draft, target if write else None)
    return 0


def _say(draft: Draft, target: Path | None) -> None:
    """What the trial showed, beside the draft: on standard error, so that it can be piped."""
    out = console(stderr=True)
    name = draft.proposal.name
    out.print(f"[green]✔[/] tried on {draft.rows:,} rows: {_refused(draft)}")
    if target is None:
        out.print(f"  nothing was written; --write puts it into {FOLDER}/sources/{safe(name)}.yaml")
    else:
        out.print(f"  written: {safe(target)}. Read it, then: scoreline sources test {safe(name)}")


def _refused(draft: Draft) -> str:
    if not draft.refused:
        return "the contract refuses none of them"
    return f"{draft.refused:,} cannot be cut into cells and will be set aside; no other is refused"


def _write_new(root: Path, path: Path, text: str, instead: str) -> None:
    if path.exists():
        raise UsageError(f"{path} is there already: {instead}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
    refresh_schemas(root)


def draft_metrics(root: Path, file: Path, output: Path | None, json: bool) -> int:
    """Print or write the draft of a metrics file; returns 0.

    Raises:
        UsageError: the file cannot be read or holds no metrics, or the output is there already.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    plan = load_project(root).plan
    relations = [*plan.streams, *plan.models] if plan is not None else []
    found = import_metricflow(text, relations)
    if output is not None:
        _write_new(root, output, found.text, "name another file")
    if json:
        lost = [{"metric": name, "why": why} for name, why in found.lost]
        print_json({"metrics": list(found.metrics), "lost": lost, "text": found.text})
        return 0
    if output is None:
        sys.stdout.write(found.text)
    out = console(stderr=True)
    out.print(
        f"[green]✔[/] {len(found.metrics)} metrics drafted, {len(found.lost)} not carried over"
    )
    out.print("  next: say which stream or model each reads, then scoreline check")
    return 0


def write_project_schemas(root: Path, json: bool) -> int:
    """Write the schemas that editors read; returns 0."""
    if not (root / FOLDER).is_dir():
        raise UsageError(f"there is no project in {root}: `scoreline init DIR` starts one")
    changed = [path.relative_to(root).as_posix() for path in write_schemas(root)]
    if json:
        print_json({"folder": SCHEMAS, "changed": changed})
    else:
        what = ", ".join(changed) if changed else "nothing changed"
        console().print(f"[green]✔[/] {safe(root / SCHEMAS)}: {safe(what)}")
    return 0
