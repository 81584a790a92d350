"""`explain`: how a score came about, from its formula down to bytes, receipts and proofs.

What belongs here: printing what stands behind one score, plain words before details. What
does not: gathering it, the rows themselves (rows).
"""

from __future__ import annotations

import json as plain_json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoreline.cli.console import console, number, opened, print_json, safe, table
from scoreline.cli.showing import Times, key_result_line, then
from scoreline.core.records import Batch, CheckResult
from scoreline.steps.restating import Beside, beside
from scoreline.steps.status import find_key_result

if TYPE_CHECKING:
    from scoreline.steps.explaining import BatchBehind, Explanation, StreamBehind
    from scoreline.steps.proving import Proof

NEWEST = 5
"""How many of the newest batches of a stream are shown; `--json` has all."""
FAILED = 10
"""How many failed checks are shown in words."""


def show_explanation(
    root: Path, name: str, as_of: date | None, json: bool, clocks: Times = (None, None)
) -> int:
    """Print how a score came about; returns the exit status."""
    from scoreline.steps.explaining import explanation  # parses SQL

    with opened(root) as now:
        project = then(now, clocks, as_of, name)
        kr = find_key_result(project, name)
        found = explanation(project, kr, as_of, None if json else NEWEST)
        frozen = beside(project).get(kr.id)
        if json:
            print_json({**found.as_json(), "closing": frozen and frozen.as_json(kr.id)})
        else:
            _print(found, frozen)
    return 0


def _print(found: Explanation, frozen: Beside | None) -> None:
    out = console()
    _print_score(found, frozen, out)
    _print_values(found, out)
    for stream in found.streams:
        _print_stream(stream, out)
    _print_record(found, out)


def _print_score(found: Explanation, frozen: Beside | None, out: Any) -> None:
    row, score = found.row, found.row.score
    out.print(f"[bold]{safe(row.title)}[/]\n[dim]{safe(row.id)}[/]\n")
    out.print(key_result_line(row))
    for words in frozen.words(row.id) if frozen else ():
        out.print(f"  {safe(words)}")
    if found.waiting is not None:
        who = found.waiting.approver or "somebody"
        changes = "; ".join(found.waiting.changes)
        out.print(
            f"  [magenta]not approved yet[/] {safe(changes)}: waits for {safe(who)}; "
            "until then the former definition counts"
        )
    out.print(f"\n[bold]How it is computed[/]\n  {safe(score.formula)}")
    if score.reason:
        out.print(f"  {safe(score.reason)}")
    out.print(
        f"  evaluated on {score.day}, thresholds on track {score.thresholds.on_track}, "
        f"at risk {score.thresholds.at_risk}; rules version {score.rules_version}"
    )


def _print_values(found: Explanation, out: Any) -> None:
    for value in found.values:
        out.print(f"\n[bold]{safe(value.metric)}[/] {safe(value.filter)} on {value.day}")
        below = f" / {number(value.denominator)}" if value.denominator is not None else ""
        shown = "no value" if value.numerator is None else f"{number(value.numerator)}{below}"
        out.print(f"  {shown}")
        out.print(f"  [dim]{safe(value.sql)}[/]", soft_wrap=True)
        if value.proof:
            out.print(f"  [dim]ledger: {safe(value.proof.place)}[/]")
    if found.values:
        name = safe(found.row.id)
        out.print("\n[bold]Rows[/], each with its file and row number")
        out.print(f"  scoreline explain {name} --rows", soft_wrap=True)


def _print_stream(stream: StreamBehind, out: Any) -> None:
    newest = stream.newest or "none with a time"
    out.print(f"\n[bold]{safe(stream.name)}[/] {stream.rows:,} rows, newest event {newest}")
    shown = stream.batches[-NEWEST:]
    out.print(table("", _COLUMNS, [_cells(b) for b in shown]))
    left = len(stream.batches) - len(shown)
    if left:
        are = "batch is" if left == 1 else "batches are"
        out.print(f"  [dim]{left:,} older {are} in --json[/]")
    for words in stream.removed:
        out.print(f"  [magenta]gone[/] {safe(words)}")
    _print_checks(stream.checks, out)
    alike = {words for b in shown for words in _asked(b.batch.receipt)}
    for words in alike if len(alike) == 1 else ():
        out.print(f"\n  {safe(words)}")
    for behind in shown:
        _print_batch(behind, out, len(alike) == 1)


_COLUMNS = ("batch", "state", "object", "received", "rows in#", "kept#", "aside#")


def _cells(behind: BatchBehind) -> list[str]:
    batch = behind.batch
    return [
        batch.id,
        batch.state,
        safe(batch.object),
        f"{batch.received_at:%Y-%m-%d %H:%M}",
        f"{batch.rows_received:,}",
        f"{batch.rows_kept:,}",
        f"{batch.rows_broken + batch.rows_quarantined:,}",
    ]


def _print_checks(checks: Sequence[CheckResult], out: Any) -> None:
    """Every check with its outcomes over all batches, then those that did not pass."""
    if not checks:
        out.print("  no checks were made")
        return
    groups: dict[str, list[CheckResult]] = {}
    for check in checks:
        groups.setdefault(str(check.detail.get("label") or check.type), []).append(check)
    cells = [
        [
            safe(label),
            *(sum(c.outcome == o for c in group) for o in ("pass", "fail", "error")),
            f"{sum(c.evaluated or 0 for c in group):,}",
            f"{sum(c.unexpected or 0 for c in group):,}",
        ]
        for label, group in groups.items()
    ]
    out.print()
    columns = ("check", "passed#", "failed#", "error#", "rows looked at#", "unexpected#")
    out.print(table("", columns, cells))
    failed = [c for c in checks if c.outcome != "pass"]
    for check in failed[-FAILED:]:
        out.print(f"  {check.outcome} {check.batch}: {safe(check.message)} ({check.took})")
    if len(failed) > FAILED:
        out.print(f"  [dim]{len(failed) - FAILED:,} more that did not pass are in --json[/]")


def _print_batch(behind: BatchBehind, out: Any, is_alike: bool) -> None:
    """Where a batch's bytes lie, its receipt, its records; `is_alike`: asked as the others."""
    batch, gap = behind.batch, "    "
    out.print(f"\n  [bold]{batch.id}[/] {safe(batch.object)}")
    if batch.reason:
        out.print(f"{gap}{batch.state}: {safe(batch.reason)}")
    out.print(f"{gap}bytes received: {safe(behind.stored or _unkept(batch))}", soft_wrap=True)
    out.print(f"{gap}SHA-256 {batch.object_digest}", soft_wrap=True)
    if behind.rows_stored:
        out.print(f"{gap}rows read from them: {safe(behind.rows_stored)}", soft_wrap=True)
    asked = () if is_alike else _asked(batch.receipt)
    for words in (*asked, *_receipt(batch.receipt)):
        out.print(f"{gap}{safe(words)}")
    if behind.proofs:
        places = "; ".join(f"{p.kind} {p.place}" for p in behind.proofs)
        out.print(f"{gap}[dim]ledger: {safe(places)}[/]")


def _unkept(batch: Batch) -> str:
    return (
        f"removed since ({_plain(batch.gone)})"
        if batch.gone.get("received")
        else "not kept, only their digest"
    )


def _asked(receipt: Mapping[str, Any]) -> list[str]:
    """By what a source was read, and with which parameters (those that are set)."""
    if not receipt.get("connector"):
        return []
    given = {k: v for k, v in (receipt.get("parameters") or {}).items() if v is not None}
    said = ", ".join(f"{k}={v if isinstance(v, str) else _plain(v)}" for k, v in given.items())
    version = receipt.get("connector_version") or ""
    return [f"read by connector {receipt['connector']} {version} with {said or 'no parameters'}"]


def _receipt(receipt: Mapping[str, Any]) -> Iterable[str]:
    """What the source gave, in words."""
    if not receipt.get("connector"):
        yield f"receipt: {_plain(receipt)}"
        return
    first, last = str(receipt.get("started_at"))[:19], str(receipt.get("ended_at"))[:19]
    yield f"receipt: {receipt.get('source_identity')}, {first} to {last} UTC"
    if receipt.get("cursor_from") or receipt.get("cursor_to"):
        begin = receipt.get("cursor_from")
        end = _plain(receipt.get("cursor_to"))
        yield f"cursor from {_plain(begin) if begin else 'the start'} to {end}"
    yield _counts(receipt)
    if receipt.get("control_totals"):
        totals = ", ".join(f"{k} {v}" for k, v in receipt["control_totals"].items())
        yield f"control totals: {totals}"
    for warning in receipt.get("warnings") or ():
        yield f"warning: {warning}"


def _counts(receipt: Mapping[str, Any]) -> str:
    """Rows received, against what the source declared or what was counted."""
    received = int(receipt.get("rows_received") or 0)
    parts = [f"{received:,} rows received"]
    for name, words in (
        ("ragged_rows", "refused"),
        ("blank_rows", "blank"),
        ("footer_rows", "of a footer"),
    ):
        if receipt.get(name):
            parts.append(f"{receipt[name]:,} {words}")
    if receipt.get("pages"):
        parts.append(f"{receipt['pages']:,} pages")
    total, counted = receipt.get("declared_total"), receipt.get("counted_rows")
    if total is not None:
        agrees = "which agrees" if total == received else "which does NOT agree"
        parts.append(f"the source declared {total:,}, {agrees}")
    elif counted is not None:
        parts.append(f"{counted:,} counted")
    else:
        parts.append("the source declares no total")
    return ", ".join(parts)


def _plain(value: object) -> str:
    return plain_json.dumps(value, ensure_ascii=False)


def _print_record(found: Explanation, out: Any) -> None:
    row = found.row
    out.print("\n[bold]Record[/]")
    out.print(f"  record {row.record or 'none for this day yet: `scoreline run` writes it'}")
    if found.proof is not None:
        out.print(f"  [dim]ledger: {safe(found.proof.place)}[/]")
    out.print(f"  definition {row.definition}  ({safe(row.file)})")
    for entry in found.history[:NEWEST]:
        out.print(f"  {entry}")
    if len(found.history) > NEWEST:
        out.print(f"  [dim]{len(found.history) - NEWEST:,} older records are in --json[/]")
    blocks = {p.block: p.seal for p in _proofs(found)}
    if not blocks:
        return
    out.print("\n[bold]Ledger[/], the blocks that hold these records")
    for words in blocks.values():
        out.print(f"  {safe(words)}", soft_wrap=True)
    out.print("  `scoreline verify` checks every hash, block and signature again")


def _proofs(found: Explanation) -> Iterable[Proof]:
    yield from (v.proof for v in found.values if v.proof)
    yield from (p for s in found.streams for b in s.batches for p in b.proofs)
    if found.proof:
        yield found.proof
