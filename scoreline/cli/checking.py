"""`check` and `verify`.

What belongs here: printing problems and findings with their places. What does not:
finding them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scoreline.audit.signatures import Signatures, check_signatures
from scoreline.audit.verifying import verify
from scoreline.cli.console import console, opened, print_json, safe
from scoreline.core.errors import DefinitionError, Problem
from scoreline.definitions.project import load_project, problems_as_json
from scoreline.steps.checking import all_problems
from scoreline.warehouse.lock import is_held
from scoreline.wiring import check_options, recorded_facts

FINDING = 1


def check_project(root: Path, strict: bool, json: bool) -> int:
    """Print every problem of the definitions; returns 1 where there is an error."""
    problems = _problems(root.resolve())
    errors = [p for p in problems if p.severity == "error"]
    if json:
        print_json(problems_as_json(list(problems)))
    else:
        _print(root, problems)
    return FINDING if errors or (strict and problems) else 0


def _problems(root: Path) -> Sequence[Problem]:
    try:
        return all_problems(root, check_options, recorded_facts)
    except DefinitionError:
        return load_project(root).problems


def _print(root: Path, problems: Sequence[Problem]) -> None:
    out = console()
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        out.print(
            f"[bold]{safe(problem.place)}[/] [{colour}]{problem.severity}[/] "
            f"{safe(problem.message)} [dim]{problem.code}[/]"
        )
        for word, text in (
            ("found", problem.found),
            ("legal", problem.legal),
            ("hint", problem.hint),
        ):
            if text:
                out.print(f"    [dim]{word}:[/] {safe(text)}")
    errors = sum(p.severity == "error" for p in problems)
    warnings = len(problems) - errors
    if not problems:
        out.print(f"[green]✔[/] the definitions in {safe(root / 'okr_defs')} are in order")
    else:
        out.print(f"\n{_count(errors, 'error')}, {_count(warnings, 'warning')}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def verify_project(root: Path, against: Sequence[str], json: bool) -> int:
    """Print everything that is not as it was recorded; returns 1 where there is a finding."""
    with opened(root, check_sql=False) as project:
        busy = is_held(project.paths.lock)
        places = dict.fromkeys([*against, *filter(None, [project.checkpoint_place])])
        signatures = check_signatures(project.store, list(places), busy)
        listener = project.listener
        found = verify(
            project.store,
            project.files,
            lambda files: listener.begin("hashing stored files", files),
            listener.advance,
        )
        listener.end()
        found.findings += signatures.findings
    if json:
        print_json(
            {
                "signed": signatures_as_json(signatures),
                "records": found.records,
                "blocks": found.blocks,
                "files": found.files,
                "findings": [{"place": place, "what": what} for place, what in found.findings],
            }
        )
    else:
        out = console()
        for place, what in found.findings:
            out.print(f"[red]✘[/] [bold]{safe(place)}[/] {safe(what)}")
        mark = "[red]✘[/]" if found.findings else "[green]✔[/]"
        out.print(
            f"{mark} {found.records:,} records in {found.blocks:,} blocks and {found.files:,} "
            f"stored files: {_count(len(found.findings), 'finding')}"
        )
        _print_signatures(signatures)
    return FINDING if found.findings else 0


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
        compared = _count(found.compared, "checkpoint")
        copies = f"; {compared} kept elsewhere compared" if found.compared else ""
        out.print(
            f"signed up to block {found.signed:,} of {found.newest:,} by the key "
            f"{found.keys[-1].key.key if found.keys else 'unknown'}{copies}",
            style="dim",
        )
    for note in found.notes:
        out.print(f"[yellow]note[/] {safe(note)}")
