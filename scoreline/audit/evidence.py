"""Evidence packs: all that a key result's scores of a period rest on, in one ZIP file.

What belongs here: choosing what goes in. What does not: the file (evidence_zip), checking a
pack (pack/reperform.py, which runs alone).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from scoreline.audit.evidence_zip import write_zip
from scoreline.audit.signing import Checkpoint
from scoreline.core.digests import canonical, digest
from scoreline.core.errors import UsageError
from scoreline.core.model import Plan
from scoreline.core.records import Part, StoredFile, StreamVersion
from scoreline.definitions.recorded import plan_from
from scoreline.measures.allowlist import check_model, check_where, sql_text
from scoreline.measures.layout import parts_of
from scoreline.measures.lineage import Lineage
from scoreline.store.rows import LedgerRecord, StoredScore
from scoreline.store.store import ControlStore
from scoreline.warehouse.files import FileStore

FORM = 1
"""The version of a pack's layout."""

_OF_BATCH = ("receipt", "reread", "checks", "load", "removal")


@dataclass(frozen=True, slots=True)
class PackReport:
    """What was written: scores, files, bytes, and the SHA-256 of its pack.json and of the ZIP.

    `uncomputable` scores rest on rows that were removed on record (erasure, age): the pack has
    their records, and says so.
    """

    path: Path
    scores: int
    files: int
    size: int
    pack_digest: str
    digest: str
    uncomputable: int


@dataclass(slots=True)
class _Contents:
    """A pack under way: small files by name, stored files by name, what pack.json says.

    `removed` are the stored files that are gone on record, with the cause.
    """

    small: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, tuple[Path, str]] = field(default_factory=dict)
    records: dict[int, LedgerRecord] = field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    scores: list[dict[str, Any]] = field(default_factory=list)
    removed: Mapping[StoredFile, str] = field(default_factory=dict)

    @property
    def uncomputable(self) -> int:
        """How many scores rest on rows that were removed on record."""
        gone = {k for k, p in self.parts.items() if p.get("gone", {}).keys() & set(p["rows"])}
        return sum(
            any(gone.intersection(stream["parts"]) for stream in score["streams"].values())
            for score in self.scores
        )


def write_pack(
    store: ControlStore, files: FileStore, key_result: str, period: tuple[date, date], path: Path
) -> PackReport:
    """Write the evidence of a key result's newest score of each day of a period.

    Args:
        store: the control store.
        files: the stored files.
        key_result: its full name.
        period: first and last as-of day.
        path: the ZIP file; it is replaced whole, or not at all.

    Raises:
        UsageError: no score of the key result is recorded in the period.
        WarehouseError: a stored file is missing or changed, or the pack cannot be written.
    """
    chosen = _chosen(store.score_history(key_result), period)
    if not chosen:
        raise UsageError(
            f"no score of {key_result} is recorded from {period[0]} to {period[1]}: "
            "`scoreline explain` shows the days that are"
        )
    contents = _Contents(removed=store.files_removed())
    _add_scores(store, files, chosen, contents)
    _add_people(store, key_result, contents)
    _add_ledger(store, contents)
    for name in ("README.txt", "reperform.py"):
        source = resources("scoreline.audit") / "pack" / name
        contents.small[name] = source.read_bytes()
    pack = _pack(key_result, period, contents)
    return _write(path, contents, canonical(pack) + b"\n")


def _chosen(history: Iterable[StoredScore], period: tuple[date, date]) -> list[StoredScore]:
    newest = {s.as_of: s for s in history if period[0] <= s.as_of <= period[1]}
    return [newest[day] for day in sorted(newest)]


# --- what the scores rest on --------------------------------------------------------------


def _add_scores(
    store: ControlStore, files: FileStore, chosen: list[StoredScore], contents: _Contents
) -> None:
    versions = {(v.stream, v.digest): v for v in store.stream_versions()}
    definitions: dict[str, Mapping[str, Any]] = {}
    for stored in chosen:
        record = store.record(stored.digest)
        contents.records[record.seq] = record
        streams: dict[str, Any] = {}
        for request, named in stored.body["values"].items():
            value = _value(store, request, named, record.seq)
            contents.records[value.seq] = value
            for stream, content in json.loads(value.body)["inputs"]["streams"].items():
                streams[stream] = _stream(store, files, versions, (stream, content), contents)
        for name, version in stored.body["definitions"].items():
            found = _definition(store, name, version)
            contents.records[found.seq] = found
            definitions[name] = json.loads(found.body)
        contents.scores.append(
            {"as_of": stored.as_of.isoformat(), "seq": record.seq, "streams": streams}
        )
    _add_definitions(definitions, contents)


def _value(store: ControlStore, request: str, named: str, before: int) -> LedgerRecord:
    """The record of a series, by its digest, that was the newest when a score was recorded."""
    history = [r for r in store.history("value", request) if r.seq < before]
    for record in reversed(history):
        if json.loads(record.body)["series_digest"] == named:
            return record
    raise UsageError(f"the series {request} of a score is not in the ledger: `scoreline verify`")


def _definition(store: ControlStore, name: str, version: str) -> LedgerRecord:
    for record in reversed(store.history("definition", name)):
        if json.loads(record.body)["digest"] == version:
            return record
    raise UsageError(f"the definition of {name} is not in the ledger: `scoreline verify`")


def _stream(
    store: ControlStore,
    files: FileStore,
    versions: Mapping[tuple[str, str], StreamVersion],
    wanted: tuple[str, str],
    contents: _Contents,
) -> dict[str, Any]:
    version = versions.get(wanted)
    if version is None:
        raise UsageError(
            f"{wanted[0]} never had the contents {wanted[1][:12]}…: `scoreline verify`"
        )
    for record in store.history("stream", wanted[0]):
        if record.seq == version.record:
            contents.records[record.seq] = record
    keys = [_part(store, files, part, contents) for part in version.parts]
    return {"digest": version.digest, "parts": keys}


def _part(store: ControlStore, files: FileStore, part: Part, contents: _Contents) -> str:
    """Add a batch's files and records; its key, which also tells how it was read."""
    batch = part.batch
    key = digest("+".join([batch.id, *(f.digest for f in part.files)]).encode())[:16]
    if key in contents.parts:
        return key
    folder = f"batches/{batch.id}"
    gone: dict[str, Any] = {}
    rows = []
    for file in part.files:
        name = f"{folder}/{file.digest[:16]}{file.suffix}"
        _add_file(files, file, name, contents, gone)
        rows.append(name)
    received = None
    if batch.received is not None:
        received = f"{folder}/received-{batch.received.digest[:16]}{batch.received.suffix}"
        _add_file(files, batch.received, received, contents, gone)
    contents.parts[key] = {
        "batch": batch.id,
        "stream": batch.stream,
        "object": batch.object,
        "received_at": batch.received_at.isoformat(),
        "received": received,
        "rows": rows,
        **({"gone": gone} if gone else {}),
    }
    for kind in _OF_BATCH:
        for record in store.history(kind, batch.id):
            contents.records[record.seq] = record
    for subject in (batch.id, *(q.id for q in part.released)):
        for record in store.history("decision", subject):
            contents.records[record.seq] = record
    return key


def _add_file(
    files: FileStore,
    file: StoredFile,
    name: str,
    contents: _Contents,
    gone: dict[str, Any],
) -> None:
    """Add a stored file; where it was removed on record, that it was, and why."""
    cause = contents.removed.get(file)
    if cause is None:
        contents.stored[name] = files.path(file), file.digest
    else:
        gone[name] = {"sha256": file.digest, "cause": cause}


def _add_definitions(definitions: Mapping[str, Mapping[str, Any]], contents: _Contents) -> None:
    bodies = {name: record["definition"] for name, record in sorted(definitions.items())}
    contents.small["definitions.json"] = _pretty(bodies)
    for name, record in definitions.items():
        if record.get("sql"):
            contents.small[f"sql/{name.partition(' ')[2]}.sql"] = str(record["sql"]).encode()
    plan = plan_from({n: (n.partition(" ")[0], b) for n, b in bodies.items()})
    contents.small["sql/quoted.json"] = _pretty(_quoted(plan))
    metrics = [n.partition(" ")[2] for n in bodies if n.startswith("metric ")]
    uses = {use for metric in metrics for use in Lineage(plan).metric(metric)}
    contents.small["lineage.json"] = _pretty(
        [
            {
                "stream": use.source.stream,
                "column": use.source.column,
                "kind": use.kind,
                "how": use.how,
                "place": use.place,
            }
            for use in sorted(uses)
        ]
    )


def _quoted(plan: Plan) -> dict[str, str]:
    """The SQL of models and conditions as it is run, every name quoted, by its text as written."""
    found = {m.sql: sql_text(check_model(m.sql, m.reads)) for m in plan.models.values()}
    for metric in plan.metrics.values():
        for _, _, wheres in parts_of(metric):
            found |= {w: sql_text(check_where(w, None)) for w in wheres if w is not None}
    return found


def _add_people(store: ControlStore, key_result: str, contents: _Contents) -> None:
    for kind in ("baseline", "check_in", "restatement"):
        for record in store.history(kind, key_result):
            contents.records[record.seq] = record
    for record in store.history("cycle", key_result.split("/", 1)[0]):
        contents.records[record.seq] = record


# --- the proof ------------------------------------------------------------------------------


def _add_ledger(store: ControlStore, contents: _Contents) -> None:
    blocks = store.blocks()
    heads = ("height", "prev", "root", "count", "run", "recorded_at", "digest")
    contents.small["ledger/blocks.json"] = _pretty(
        [{name: getattr(block, name) for name in heads} for block in blocks]
    )
    heights = sorted({r.block for r in contents.records.values() if r.block is not None})
    lists = {str(h): [r.digest for r in store.records(h)] for h in heights}
    contents.small["ledger/lists.json"] = _pretty(lists)
    for record in contents.records.values():
        contents.small[_record_name(record)] = record.body
    public = {k.key.key: k.key.public_key for k in store.signing_keys()}
    signed = [b for b in blocks if b.signature and b.key_id in public]
    if signed:
        last = signed[-1]
        checkpoint = Checkpoint(
            ledger=blocks[0].digest,
            height=last.height,
            block=last.digest,
            recorded_at=last.recorded_at,
            key=last.key_id or "",
            public_key=public[last.key_id or ""],
            signature=last.signature or "",
        )
        contents.small["ledger/checkpoint.json"] = checkpoint.text().encode()


def _record_name(record: LedgerRecord) -> str:
    return f"ledger/records/{record.seq:09d}-{record.kind}.json"


def _pack(key_result: str, period: tuple[date, date], contents: _Contents) -> dict[str, Any]:
    digests = {name: digest(content) for name, content in contents.small.items()}
    digests |= {name: known for name, (_, known) in contents.stored.items()}
    records = [
        {"seq": r.seq, "block": r.block, "position": r.position, "file": _record_name(r)}
        for _, r in sorted(contents.records.items())
        if r.block is not None
    ]
    return {
        "pack": FORM,
        "key_result": key_result,
        "period": [day.isoformat() for day in period],
        "scores": contents.scores,
        "parts": contents.parts,
        "records": records,
        "files": dict(sorted(digests.items())),
    }


def _pretty(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _write(path: Path, contents: _Contents, pack: bytes) -> PackReport:
    whole = write_zip(path, {**contents.small, "pack.json": pack}, contents.stored)
    return PackReport(
        path,
        scores=len(contents.scores),
        files=len(contents.small) + len(contents.stored) + 1,
        size=path.stat().st_size,
        pack_digest=digest(pack),
        digest=whole,
        uncomputable=contents.uncomputable,
    )
