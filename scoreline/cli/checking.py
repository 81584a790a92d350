"""`check` and `verify`.

What belongs here: printing problems and findings with their places. What does not:
finding them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.audit.depending import depending
from scoreline.audit.rescoring import EVERY
from scoreline.audit.rescoring_parts import rescored
from scoreline.audit.signatures import Signatures, check_signatures
from scoreline.audit.verifying import verify
from scoreline.cli.console import console, opened, print_json, safe
from scoreline.cli.problems import Form, counted, print_problems
from scoreline.cli.repairing import depending_as_json, print_depending
from scoreline.core.errors import DefinitionError, Problem, UsageError
from scoreline.definitions.project import FOLDER, load_project
from scoreline.steps.checking import all_problems
from scoreline.warehouse.lock import is_held
from scoreline.wiring import check_options, make_importable, recorded_facts
from scoreline.workbench.editor import refresh_schemas
from scoreline.workbench.mending import mend

if TYPE_CHECKING:
    from scoreline.steps.project import Project
    from scoreline.steps.reperforming import Reperformance

FINDING = 1


def check_project(root: Path, strict: bool, form: Form, *, fix: bool = False) -> int:
    """Print every problem of the definitions; returns 1 where there is an error.

    Args:
        root: the project's folder.
        strict: warnings are findings, too.
        form: how they are printed.
        fix: mend first what can be mended without a doubt.
    """
    if fix and (root / FOLDER).is_dir():
        _mend(root.resolve())
    problems = _problems(root.resolve())
    errors = [p for p in problems if p.severity == "error"]
    print_problems(root, problems, form)
    refresh_schemas(root)
    return FINDING if errors or (strict and problems) else 0


def _problems(root: Path) -> Sequence[Problem]:
    make_importable(root)
    try:
        return all_problems(root, check_options, recorded_facts)
    except DefinitionError:
        return load_project(root).problems


def _mend(root: Path) -> None:
    """Mend what is safe and show it on standard error, beside the report."""
    out = console(stderr=True)
    found = mend(root)
    for one in found:
        for line in one.diff():
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")
            out.print(f"[{colour}]{safe(line)}[/]", soft_wrap=True)
    edits = sum(one.edits for one in found)
    if edits:
        files = counted(len(found), "file")
        out.print(f"[green]✔[/] {counted(edits, 'mistake')} mended in {files}\n")
    else:
        out.print("nothing could be mended without a doubt\n")


@dataclass(frozen=True, slots=True)
class RawOrder:
    """Whether values are computed again from received bytes, and since which recording day."""

    wanted: bool = False
    since: date | None = None


def verify_project(root: Path, against: Sequence[str], raw: RawOrder, json: bool) -> int:
    """Print everything that is not as it was recorded; returns 1 where there is a finding."""
    with opened(root, check_sql=False) as project:
        busy = is_held(project.paths.lock)
        places = dict.fromkeys([*against, *filter(None, [project.checkpoint_place])])
        signatures = check_signatures(project.store, list(places), busy)
        listener = project.listener
        with rescored(project.store) as outcome:
            found = verify(
                project.store,
                project.files,
                lambda files: listener.begin("hashing stored files", files),
                listener.advance,
            )
            listener.end()
            listener.begin("computing scores again", project.store.count_scores() // EVERY)
            again = outcome(listener.advance)
            listener.end()
        found.findings += signatures.findings
        found.findings += [(d.place, d.what) for d in again.differences]
        affected = depending(project.plan, (d.stream for d in found.damaged))
        done = _from_raw(project, raw)
        found.findings += done.findings if done else []
    if json:
        print_json(
            {
                "signed": signatures_as_json(signatures),
                "records": found.records,
                "blocks": found.blocks,
                "files": found.files,
                "scores": {
                    "computed_again": again.scores - again.expired,
                    "expired": again.expired,
                },
                "removed": found.removed,
                "depending": depending_as_json(affected),
                "from_raw": _raw_json(done),
                "findings": [{"place": place, "what": what} for place, what in found.findings],
            }
        )
    else:
        out = console()
        for place, what in found.findings:
            out.print(f"[red]✘[/] [bold]{safe(place)}[/] {safe(what)}")
        if affected:
            print_depending(affected)
        for cause, files in sorted(found.removed.items()):
            out.print(f"[dim]{cause}:[/] {counted(files, 'file')}, as the record says")
        mark = "[red]✘[/]" if found.findings else "[green]✔[/]"
        out.print(
            f"{mark} {found.records:,} records in {found.blocks:,} blocks and {found.files:,} "
            f"stored files; {again.scores - again.expired:,} scores computed again: "
            f"{counted(len(found.findings), 'finding')}"
        )
        if done:
            out.print(
                f"  {done.values:,} values computed again: {done.batches:,} batches read again "
                f"from their bytes, of {done.typed_only:,} only typed rows are kept"
            )
            for cause, values in sorted(done.gone.items()):
                out.print(f"  {values:,} values rest on rows that are gone since: {cause}")
        if again.expired:
            out.print(f"  {again.expired:,} scores rest on series that were removed by their age")
        _print_signatures(signatures)
    return FINDING if found.findings else 0


def _from_raw(project: Project, raw: RawOrder) -> Reperformance | None:
    if not raw.wanted:
        if raw.since is not None:
            raise UsageError("--since limits --from-raw: give both, or neither")
        return None
    from scoreline.steps.reperforming import reperform  # brings in DuckDB

    return reperform(project, raw.since)


def _raw_json(done: Reperformance | None) -> dict[str, int] | None:
    if done is None:
        return None
    counts = {"values": done.values, "batches": done.batches, "typed_only": done.typed_only}
    return {**counts, **{f"rows_{cause}": n for cause, n in done.gone.items()}}


def signatures_as_json(found: Signatures) -> dict[str, object]:
    """What signatures prove, as plain values."""
    return {
        "up_to_block": found.signed,
        "newest_block": found.newest,
        "keys": [k.key.key for k in found.keys],
        "compared_with_copies": found.compared,
        "notes": found.notes,
    }


def _print_signatures(found: Signatures) -> None:
    out = console()
    if found.signed:
        compared = counted(found.compared, "checkpoint")
        copies = f"; {compared} kept elsewhere compared" if found.compared else ""
        out.print(
            f"signed up to block {found.signed:,} of {found.newest:,} by the key "
            f"{found.keys[-1].key.key if found.keys else 'unknown'}{copies}",
            style="dim",
        )
    for note in found.notes:
        out.print(f"[yellow]note[/] {safe(note)}")
