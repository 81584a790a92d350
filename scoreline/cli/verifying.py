"""`verify`: whether everything is as it was recorded.

What belongs here: the order in which it is looked at, and printing what was found. What does
not: looking (audit).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from scoreline.audit.depending import Depending, depending
from scoreline.audit.rescoring import EVERY, Rescoring
from scoreline.audit.rescoring_parts import examined
from scoreline.audit.signatures import Signatures, check_signatures
from scoreline.audit.verifying import Verification, verify
from scoreline.cli.console import console, opened, print_json, safe
from scoreline.cli.problems import counted
from scoreline.cli.repairing import depending_as_json, print_depending
from scoreline.core.errors import UsageError
from scoreline.warehouse.lock import is_held

if TYPE_CHECKING:
    from scoreline.steps.project import Project
    from scoreline.steps.reperforming import Reperformance

FINDING = 1


@dataclass(frozen=True, slots=True)
class RawOrder:
    """Whether values are computed again from received bytes, and since which recording day."""

    wanted: bool = False
    since: date | None = None


@dataclass(frozen=True, slots=True)
class _Verified:
    """All that was looked at.

    Attributes:
        record: ledger and stored files.
        signatures: of the ledger.
        scores: computed again from what the record says.
        depending: what rests on damaged files.
        raw: values computed again from received bytes, where that was asked for.
    """

    record: Verification
    signatures: Signatures
    scores: Rescoring
    depending: list[Depending]
    raw: Reperformance | None

    @property
    def findings(self) -> list[tuple[str, str]]:
        """Place and words of everything that is not as it was recorded."""
        differences = [(d.place, d.what) for d in self.scores.differences]
        from_raw = self.raw.findings if self.raw else []
        return [*self.record.findings, *self.signatures.findings, *differences, *from_raw]

    @property
    def computed_again(self) -> int:
        """How many scores could be computed again."""
        return self.scores.scores - self.scores.expired


def verify_project(root: Path, against: Sequence[str], raw: RawOrder, json: bool) -> int:
    """Print everything that is not as it was recorded; returns 1 where there is a finding.

    Raises:
        UsageError: a day is given that nothing is computed again since.
    """
    if raw.since is not None and not raw.wanted:
        raise UsageError("--since limits --from-raw: give both, or neither")
    with opened(root, check_sql=False) as project:
        done = _verified(project, against, raw)
    if json:
        print_json(_as_json(done))
    else:
        _print(done)
    return FINDING if done.findings else 0


def _verified(project: Project, against: Sequence[str], raw: RawOrder) -> _Verified:
    busy = is_held(project.paths.lock)
    places = dict.fromkeys([*against, *filter(None, [project.checkpoint_place])])
    signatures = check_signatures(project.store, list(places), busy)
    listener = project.listener
    with examined(project.store) as outcome:
        record = verify(
            project.store,
            project.files,
            lambda files: listener.begin("hashing stored files", files),
            listener.advance,
            records=False,
        )
        listener.end()
        listener.begin("checking records and scores", project.store.count_scores() // EVERY)
        examination = outcome(listener.advance)
        listener.end()
    record.findings[:0] = [(f.place, f.what) for f in examination.findings]
    scores = examination.scores
    affected = depending(project.plan, (d.stream for d in record.damaged))
    return _Verified(record, signatures, scores, affected, _from_raw(project, raw))


def _as_json(done: _Verified) -> dict[str, object]:
    record, scores = done.record, done.scores
    return {
        "signed": _signatures_as_json(done.signatures),
        "records": record.records,
        "blocks": record.blocks,
        "files": record.files,
        "scores": {"computed_again": done.computed_again, "expired": scores.expired},
        "removed": record.removed,
        "depending": depending_as_json(done.depending),
        "from_raw": _raw_as_json(done.raw),
        "findings": [{"place": place, "what": what} for place, what in done.findings],
    }


def _print(done: _Verified) -> None:
    out, record, findings = console(), done.record, done.findings
    for place, what in findings:
        out.print(f"[red]✘[/] [bold]{safe(place)}[/] {safe(what)}")
    if done.depending:
        print_depending(done.depending)
    for cause, files in sorted(record.removed.items()):
        out.print(f"[dim]{cause}:[/] {counted(files, 'file')}, as the record says")
    mark = "[red]✘[/]" if findings else "[green]✔[/]"
    out.print(
        f"{mark} {record.records:,} records in {record.blocks:,} blocks and {record.files:,} "
        f"stored files; {done.computed_again:,} scores computed again: "
        f"{counted(len(findings), 'finding')}"
    )
    if done.raw:
        _print_raw(done.raw)
    if done.scores.expired:
        words = "scores rest on series that were removed by their age"
        out.print(f"  {done.scores.expired:,} {words}")
    _print_signatures(done.signatures)


def _print_raw(done: Reperformance) -> None:
    out = console()
    out.print(
        f"  {done.values:,} values computed again: {done.batches:,} batches read again "
        f"from their bytes, of {done.typed_only:,} only typed rows are kept"
    )
    for cause, values in sorted(done.gone.items()):
        out.print(f"  {values:,} values rest on rows that are gone since: {cause}")


def _from_raw(project: Project, raw: RawOrder) -> Reperformance | None:
    if not raw.wanted:
        return None
    from scoreline.steps.reperforming import reperform  # brings in DuckDB

    return reperform(project, raw.since)


def _raw_as_json(done: Reperformance | None) -> dict[str, int] | None:
    if done is None:
        return None
    counts = {"values": done.values, "batches": done.batches, "typed_only": done.typed_only}
    return {**counts, **{f"rows_{cause}": n for cause, n in done.gone.items()}}


def _signatures_as_json(found: Signatures) -> dict[str, object]:
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
