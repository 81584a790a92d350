"""`backup` and `restore`.

What belongs here: saying what was copied and what is missing. What does not: copying.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from scoreline.cli.console import TerminalListener, console, print_json, safe
from scoreline.core.errors import UsageError
from scoreline.definitions.project import FOLDER
from scoreline.steps.backing_up import BackupReport, Order, take_backup
from scoreline.steps.backup_manifest import Manifest
from scoreline.steps.project import Paths
from scoreline.steps.restoring import RestoreOrder, RestoreReport, restore_backup
from scoreline.wiring import STATE_FOLDER, control_store_url, named_store_url, utc_now

FINDING = 1


def _paths(root: Path) -> Paths:
    root = root.resolve()
    return Paths(root, root / STATE_FOLDER)


def backup_project(root: Path, target: Path, *, verify: bool, json: bool) -> int:
    """Take a backup; returns 1 where the project has lost a stored file."""
    paths = _paths(root)
    if not (paths.root / FOLDER).is_dir() and not paths.state.is_dir():
        raise UsageError(f"{paths.root} holds no project: name its folder with --project")
    url = control_store_url(paths.state)
    order = Order(paths, url, target.resolve(), utc_now(), version("scoreline"), verify)
    report = take_backup(order, TerminalListener())
    if json:
        print_json(_backup_as_json(report))
    else:
        _print_backup(report)
    return FINDING if report.manifest.absent else 0


def _as_json(manifest: Manifest) -> dict[str, object]:
    return {
        "taken_at": manifest.taken_at,
        "schema": manifest.schema,
        "records": manifest.records,
        "blocks": manifest.blocks,
        "files": len(manifest.below("files")),
        "definitions": len(manifest.below("definitions")),
        "keys": len(manifest.below("keys")),
        "bytes": sum(e.size for e in manifest.entries),
        "absent": [{"path": a.path, "why": a.why} for a in manifest.absent],
    }


def _backup_as_json(report: BackupReport) -> dict[str, object]:
    said = {"backup": str(report.target), "copied": report.copied, "kept": report.kept}
    return {**said, **_as_json(report.manifest)}


def _print_backup(report: BackupReport) -> None:
    manifest, out = report.manifest, console()
    for absent in manifest.absent:
        out.print(f"[red]✘[/] [bold]{safe(absent.path)}[/] {safe(absent.why)}")
    mark = "[red]✘[/]" if manifest.absent else "[green]✔[/]"
    out.print(f"{mark} {_held(manifest)} are in {safe(report.target)}")
    out.print(f"stored files: {report.copied:,} copied, {report.kept:,} there before", style="dim")
    if manifest.below("keys"):
        out.print(
            "the project's keys are in it: keep it where only those may read it who may read "
            f"{STATE_FOLDER}",
            style="dim",
        )


def _held(manifest: Manifest) -> str:
    return (
        f"{manifest.records:,} records in {manifest.blocks:,} blocks and "
        f"{len(manifest.below('files')):,} stored files"
    )


def restore_project(root: Path, source: Path, *, replace: bool, json: bool) -> int:
    """Restore a backup; returns 1 where the backup itself lacked a stored file."""
    paths = _paths(root)
    order = RestoreOrder(source.resolve(), paths, named_store_url(), utc_now(), replace)
    report = restore_backup(order, TerminalListener())
    if json:
        print_json(_restore_as_json(paths.root, report))
    else:
        _print_restore(paths.root, report)
    return FINDING if report.manifest.absent else 0


def _restore_as_json(root: Path, report: RestoreReport) -> dict[str, object]:
    return {
        "project": str(root),
        **_as_json(report.manifest),
        "moved_aside": str(report.moved) if report.moved else None,
        "definitions_restored": report.definitions,
        "definitions_differing": list(report.differing),
    }


def _print_restore(root: Path, report: RestoreReport) -> None:
    manifest, out = report.manifest, console()
    for absent in manifest.absent:
        out.print(
            f"[red]✘[/] [bold]{safe(absent.path)}[/] was not in the backup: {safe(absent.why)}"
        )
    mark = "[red]✘[/]" if manifest.absent else "[green]✔[/]"
    out.print(f"{mark} {_held(manifest)}, as of {safe(manifest.taken_at)}, are in {safe(root)}")
    if report.moved:
        out.print(f"the state that was there lies in {safe(report.moved)}")
    if report.differing:
        names = ", ".join(report.differing[:3]) + (" …" if len(report.differing) > 3 else "")
        out.print(
            f"[yellow]note[/] {FOLDER} was left as it is; {len(report.differing)} of its files "
            f"are not as in the backup ({safe(names)})"
        )
    out.print(
        "the warehouse is in no backup: the next `scoreline run` makes it from the stored files; "
        "`scoreline verify` checks everything that was restored",
        style="dim",
    )
