"""`evidence`: one key result's scores of a period, for an auditor to check alone.

What belongs here: reading the period, saying what was written. What does not: packing.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from scoreline.audit.evidence import write_pack
from scoreline.cli.console import console, opened, print_json, safe
from scoreline.core.errors import UsageError
from scoreline.steps.project import Project
from scoreline.steps.status import find_key_result


def write_evidence(
    root: Path, name: str, period: str | None, output: Path | None, json: bool
) -> int:
    """Write an evidence pack; returns the exit status."""
    with opened(root, check_sql=False) as project:
        kr = find_key_result(project, name)
        days = period_of(project, kr.id, period)
        path = output or Path(f"{kr.id.replace('/', '_')}_{days[0]}_{days[1]}.zip")
        if not path.parent.is_dir():
            raise UsageError(f"{path.parent} is no folder: name a file in a folder that is there")
        report = write_pack(project.store, project.files, kr.id, days, path)
    if json:
        print_json(
            {
                "key_result": kr.id,
                "period": [day.isoformat() for day in days],
                "file": str(report.path),
                "scores": report.scores,
                "uncomputable": report.uncomputable,
                "files": report.files,
                "bytes": report.size,
                "sha256": report.digest,
                "pack_json_sha256": report.pack_digest,
            }
        )
    else:
        out = console()
        out.print(
            f"[green]✔[/] {report.scores:,} scores of {safe(kr.id)} from {days[0]} to {days[1]}, "
            f"{report.files:,} files, {report.size:,} bytes: [bold]{safe(report.path)}[/]"
        )
        if report.uncomputable:
            out.print(
                f"[magenta]gone[/] {report.uncomputable:,} of them rest on rows that were removed: "
                "their records are in the pack, their values cannot be computed again"
            )
        out.print(f"  SHA-256 of the file      {report.digest}")
        out.print(f"  SHA-256 of its pack.json {report.pack_digest}")
        out.print("  unpack it and run: python -I reperform.py", style="dim")
    return 0


def period_of(project: Project, key_result: str, text: str | None) -> tuple[date, date]:
    """The days of a period: a cycle's name, a day, `day..day`; the key result's cycle if None.

    Raises:
        UsageError: it is none of these, or ends before it begins.
    """
    cycles = project.plan.organisation.cycles
    named = cycles.get(key_result.split("/", 1)[0] if text is None else text)
    if named is not None:
        return named.start, named.end
    first, _, last = (text or "").partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise UsageError(
            f"{text!r} is no period: write a cycle ({', '.join(cycles)}), a day (2026-11-20) or "
            "two days (2026-07-01..2026-09-30)"
        ) from None
    if days[1] < days[0]:
        raise UsageError(f"{text!r} ends before it begins: write the earlier day first")
    return days
