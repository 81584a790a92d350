"""Loading a project: every file of `okr_defs/`, every mistake, and the plan.

What belongs here: finding the files, the order of the phases, and which objects are left
out. What does not: any single rule (resolve_*, words), printing, SQL, data. One broken
object never takes down what does not depend on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from scoreline.core.access import Access
from scoreline.core.errors import Place, Problem
from scoreline.core.model import Organisation, Plan, Source, Stream
from scoreline.definitions.documents import Document
from scoreline.definitions.findings import Entry
from scoreline.definitions.reading import (
    SourceDraft,
    read_access,
    read_metrics,
    read_notify,
    read_objectives,
    read_organisation,
    read_source,
)
from scoreline.definitions.relations import Relations
from scoreline.definitions.resolve_access import resolve_access
from scoreline.definitions.resolve_key_results import Metrics
from scoreline.definitions.resolve_metrics import resolve_metrics
from scoreline.definitions.resolve_models import resolve_models
from scoreline.definitions.resolve_notify import resolve_notify
from scoreline.definitions.resolve_objectives import resolve_objectives
from scoreline.definitions.resolve_organisation import resolve_organisation
from scoreline.definitions.resolve_sources import resolve_source
from scoreline.definitions.spec_base import nearest
from scoreline.definitions.yamlio import MAX_BYTES, read_document, read_text

FOLDER = "okr_defs"
FileKind = Literal[
    "organisation", "source", "model", "metrics", "objectives", "notify", "access", "tests"
]
_LEGAL_PLACES = (
    "organisation.yaml, sources/<source>.yaml, models/<name>.sql, metrics/<topic>.yaml, "
    "objectives/<cycle>/<team>.yaml, tests/<topic>.yaml, notify.yaml, access.yaml"
)
_SINGLE: dict[str, FileKind] = {
    "organisation.yaml": "organisation",
    "notify.yaml": "notify",
    "access.yaml": "access",
}
_FOLDERS: dict[str, tuple[FileKind, int, str]] = {
    "sources": ("source", 2, ".yaml"),
    "models": ("model", 2, ".sql"),
    "metrics": ("metrics", 2, ".yaml"),
    "objectives": ("objectives", 3, ".yaml"),
    "tests": ("tests", 2, ".yaml"),
}


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """One file of the definitions.

    Attributes:
        path: relative to the project's folder, with forward slashes.
        kind: what it defines.
        ok: whether no error stands in it.
        digest: SHA-256 of its bytes, hexadecimal; empty where it could not be read.
    """

    path: str
    kind: FileKind
    ok: bool
    digest: str


@dataclass(frozen=True, slots=True)
class Loading:
    """What `okr_defs/` says, and everything that is wrong with it.

    `plan` is None only where organisation.yaml is missing or in error. `problems` are
    errors, in the order of their places; warnings come from `lint`.
    """

    root: Path
    plan: Plan | None
    problems: tuple[Problem, ...]
    files: tuple[DefinitionFile, ...]


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    relative: str
    kind: FileKind
    raw: bytes | None

    @property
    def stem(self) -> str:
        return self.path.stem


def load_project(root: Path) -> Loading:
    """Read, check and resolve the definitions below `root`; never raises for their content.

    Args:
        root: the project's folder, the one that holds `okr_defs/`.
    """
    problems: list[Problem] = []
    files = _discover(root, problems)
    documents = {f.relative: _document(f, problems) for f in files if f.kind != "tests"}
    entry, organisation = _organisation(root, files, documents, problems)
    plan = _plan(files, documents, organisation, problems)
    if entry is not None and not entry.ok:
        plan = None
    unique = tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.place, p.scope, p.code)))
    faulty = {p.place.file for p in unique}
    listed = tuple(
        DefinitionFile(f.relative, f.kind, f.relative not in faulty, _digest(f)) for f in files
    )
    return Loading(root, plan, unique, listed)


def documents_of(root: Path, kind: FileKind, problems: list[Problem]) -> list[Document]:
    """The YAML documents of one kind of file, as read; what cannot be read is a problem."""
    return [_document(f, problems) for f in _discover(root, []) if f.kind == kind]


def problems_as_json(problems: tuple[Problem, ...] | list[Problem]) -> list[dict[str, Any]]:
    """Problems as plain values: severity, code, file, line, column, and the texts."""
    return [
        {
            "severity": p.severity, "code": p.code, "file": p.place.file, "line": p.place.line,
            "column": p.place.column, "message": p.message, "found": p.found, "legal": p.legal,
            "hint": p.hint, "scope": p.scope,
        }
        for p in problems
    ]  # fmt: skip


def _digest(file: _File) -> str:
    return hashlib.sha256(file.raw).hexdigest() if file.raw is not None else ""


def _discover(root: Path, problems: list[Problem]) -> list[_File]:
    folder = root / FOLDER
    if not folder.is_dir():
        hint = "is this the project's folder? it is the one that holds okr_defs/"
        place = Place(FOLDER)
        message = "there is no folder okr_defs"
        problems.append(Problem("error", "no-definitions", place, message, hint=hint))
        return []
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.suffix not in (".yaml", ".yml", ".sql") or any(p.startswith(".") for p in parts):
            continue
        relative = "/".join((FOLDER, *parts))
        kind = _kind(parts)
        if kind is None:
            problems.append(_misplaced(relative, parts))
        else:
            found.append(_File(path, relative, kind, _read(path, root, relative, problems)))
    return found


def file_patterns() -> dict[FileKind, str]:
    """Where the YAML files of each kind stand: globs from the project's folder."""
    single: dict[FileKind, str] = {kind: f"{FOLDER}/{name}" for name, kind in _SINGLE.items()}
    for folder, (kind, depth, suffix) in _FOLDERS.items():
        if suffix == ".yaml":
            single[kind] = "/".join((FOLDER, folder, *["*"] * (depth - 2), f"*{suffix}"))
    return single


def definition_paths(root: Path) -> list[tuple[FileKind, Path]]:
    """Every file that definitions are read from, with its kind, in the order of the paths."""
    problems: list[Problem] = []
    return [(f.kind, f.path) for f in _discover(root, problems) if f.raw is not None]


def _kind(parts: tuple[str, ...]) -> FileKind | None:
    if len(parts) == 1:
        return _SINGLE.get(parts[0])
    kind, depth, suffix = _FOLDERS.get(parts[0], (None, 0, ""))
    return kind if len(parts) == depth and parts[-1].endswith(suffix) else None


def _misplaced(relative: str, parts: tuple[str, ...]) -> Problem:
    hint = nearest(parts[0], (*_FOLDERS, *_SINGLE))
    if parts[-1].endswith(".yml"):
        hint = "files end in .yaml"
    elif parts[0] in _FOLDERS:
        hint = "it stands at the wrong depth or has the wrong ending"
    message = "no definitions are read from here"
    return Problem(
        "error", "misplaced-file", Place(relative), message, parts[0], _LEGAL_PLACES, hint
    )


def _read(path: Path, root: Path, relative: str, problems: list[Problem]) -> bytes | None:
    place = Place(relative)
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()) or not real.is_file():
            message = "this is not a file inside the project's folder"
            problems.append(Problem("error", "not-a-file", place, message, str(path.name)))
            return None
        with real.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or type(error).__name__}"
        problems.append(Problem("error", "unreadable", place, message))
        return None


def _document(file: _File, problems: list[Problem]) -> Document:
    if file.raw is None:
        return Document(file.relative, readable=False)
    if file.kind != "model":
        return read_document(file.raw, file.relative)
    text, problem = read_text(file.raw, file.relative)
    if problem is not None:
        problems.append(replace(problem, scope=f"model {file.stem}"))
    return Document(file.relative, text, readable=problem is None)


def _organisation(
    root: Path, files: list[_File], documents: dict[str, Document], problems: list[Problem]
) -> tuple[Entry | None, Organisation | None]:
    file = next((f for f in files if f.kind == "organisation"), None)
    if file is None:
        if (root / FOLDER).is_dir():
            place = Place(f"{FOLDER}/organisation.yaml")
            message = "organisation.yaml is missing: it names the time zone, cycles and teams"
            problems.append(Problem("error", "no-organisation", place, message))
        return None, None
    entry, spec = read_organisation(documents[file.relative], problems)
    return entry, resolve_organisation(entry, spec) if spec is not None else None


def _plan(
    files: list[_File],
    documents: dict[str, Document],
    organisation: Organisation | None,
    problems: list[Problem],
) -> Plan | None:
    by_kind = {k: [f for f in files if f.kind == k] for k in (*_kinds(), *_SINGLE.values())}
    sources, streams = _sources(by_kind["source"], documents, problems)
    entries = {
        f.stem: Entry(documents[f.relative], (), f"model {f.stem}", problems)
        for f in by_kind["model"]
    }
    for entry in entries.values():
        entry.ok = entry.document.readable
    texts = {f.stem: str(documents[f.relative].data) for f in by_kind["model"]}
    sources_lost = frozenset(f.stem for f in by_kind["source"] if f.stem not in sources)
    declared = Relations(streams, {f"models.{n}": e for n, e in entries.items()}, sources_lost)
    models = resolve_models(entries, texts, declared)
    drafts = [d for f in by_kind["metrics"] for d in read_metrics(documents[f.relative], problems)]
    known = Relations(
        streams, {f"models.{n}": models.get(f"models.{n}") for n in entries}, sources_lost
    )
    unreadable = _without_metrics(by_kind["metrics"], documents)
    metrics = resolve_metrics(drafts, known, unreadable)
    goals = []
    for file in by_kind["objectives"]:
        cycle = file.path.parent.name
        draft = read_objectives(documents[file.relative], cycle, file.stem, problems)
        goals += [draft] if draft is not None else []
    if organisation is None:
        return None
    names = Metrics(metrics, frozenset(d.name for d in drafts), unreadable)
    objectives = resolve_objectives(goals, organisation, names)
    notify = [
        resolve_notify(read_notify(documents[f.relative], problems), organisation)
        for f in by_kind["notify"]
    ]
    access = _access(by_kind["access"], documents, problems)
    plan = Plan(organisation, sources, models, metrics, objectives, access=access)
    return replace(plan, notify=notify[0]) if notify else plan


def _access(files: list[_File], documents: dict[str, Document], problems: list[Problem]) -> Access:
    for file in files:
        entry, spec = read_access(documents[file.relative], problems)
        if spec is not None:
            return resolve_access(entry, spec)
    return Access()


def _without_metrics(files: list[_File], documents: dict[str, Document]) -> tuple[str, ...]:
    """The metrics files in which no metric can be found, and which may be meant to hold any."""
    data = {f.relative: documents[f.relative].data for f in files}
    return tuple(
        name
        for name, value in data.items()
        if not isinstance(value, dict) or not isinstance(value.get("metrics"), dict)
    )


def _kinds() -> tuple[FileKind, ...]:
    return tuple(kind for kind, _, _ in _FOLDERS.values())


def _sources(
    files: list[_File], documents: dict[str, Document], problems: list[Problem]
) -> tuple[dict[str, Source], dict[str, Stream | None]]:
    sources: dict[str, Source] = {}
    streams: dict[str, Stream | None] = {}
    for file in files:
        draft = read_source(documents[file.relative], file.stem, problems)
        if draft is None:
            continue
        source = _source(draft)
        if source is not None:
            sources[source.name] = source
        for name, stream in draft.streams.items():
            streams[f"{file.stem}.{name}"] = stream if source is not None else None
    return sources, streams


def _source(draft: SourceDraft) -> Source | None:
    whole = tuple(s for s in draft.streams.values() if s is not None)
    return resolve_source(draft.entry, draft.head, whole) if draft.head is not None else None
