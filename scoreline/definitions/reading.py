"""From one file's document to the specs of the objects in it, each read for itself.

What belongs here: splitting a file into its objects, their scopes, and the agreement of
a file's name with what it says inside. What does not: rules between objects (resolve_*).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scoreline.core.errors import Problem
from scoreline.core.model import Stream
from scoreline.definitions.documents import Document
from scoreline.definitions.findings import Entry
from scoreline.definitions.resolve_metrics import MetricDraft
from scoreline.definitions.resolve_objectives import ObjectiveDraft, ObjectivesDraft
from scoreline.definitions.resolve_sources import resolve_stream
from scoreline.definitions.secret_refs import check_secrets
from scoreline.definitions.spec_base import Spec, as_name, as_sql_name, described
from scoreline.definitions.specs_access import AccessSpec
from scoreline.definitions.specs_metrics import MetricsHead, MetricSpec, MetricsSpec
from scoreline.definitions.specs_notify import NotifyHead, NotifySpec, RecipientSpec
from scoreline.definitions.specs_objectives import (
    KeyResultSpec,
    ObjectiveHead,
    ObjectivesHead,
    ObjectiveSpec,
    ObjectivesSpec,
)
from scoreline.definitions.specs_organisation import OrganisationSpec
from scoreline.definitions.specs_sources import SourceHead, SourceSpec, StreamSpec


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """A source file as read; streams by name, None for one in error."""

    entry: Entry
    head: SourceHead | None
    streams: dict[str, Stream | None]


@dataclass(frozen=True, slots=True)
class NotifyDraft:
    """notify.yaml as read: its head, and each recipient with its entry and spec."""

    entry: Entry
    head: NotifyHead | None
    recipients: tuple[tuple[str, Entry, RecipientSpec | None], ...]


def read_organisation(document: Document, problems: list[Problem]) -> tuple[
    Entry, OrganisationSpec | None
]:  # fmt: skip
    """The entry and spec of organisation.yaml."""
    entry = Entry(document, (), "organisation", problems)
    entry.adopt()
    spec = entry.read(OrganisationSpec, document.data) if document.readable else None
    return entry, spec


def read_access(document: Document, problems: list[Problem]) -> tuple[Entry, AccessSpec | None]:
    """The entry and spec of access.yaml."""
    entry = Entry(document, (), "access", problems)
    entry.adopt()
    spec = entry.read(AccessSpec, document.data) if document.readable else None
    return entry, spec


def read_notify(document: Document, problems: list[Problem]) -> NotifyDraft:
    """The recipients of notify.yaml, those in error with no spec."""
    entry = Entry(document, (), "notify", problems)
    head, inner = split_file(entry, NotifyHead, NotifySpec, "recipients")
    found = []
    for name, data in inner.items():
        one = entry.inner(("recipients", name), f"recipient {name}")
        one.adopt()
        _check_key(one, as_name, name)
        spec = one.read(RecipientSpec, data)
        found.append((name, one, spec if one.ok else None))
    return NotifyDraft(entry, head, tuple(found))


def read_source(document: Document, stem: str, problems: list[Problem]) -> SourceDraft | None:
    """A source with its streams; None where the file cannot be read."""
    entry = Entry(document, (), f"source {stem}", problems)
    head, inner = split_file(entry, SourceHead, SourceSpec, "streams")
    if not document.readable:
        return None
    if head is not None:
        _agree(entry, "source", head.source, stem)
        check_secrets(entry, document.data.get("options"), "options")
    streams: dict[str, Stream | None] = {}
    for name, data in inner.items():
        one = entry.inner(("streams", name), f"stream {stem}.{name}")
        one.adopt()
        _check_key(one, as_sql_name, name)
        if name.lower() in (other.lower() for other in streams):
            message = f"another stream of {stem} has this name, and SQL ignores capitals"
            one.error("duplicate-name", message, legal="another name", on_key=True)
        spec = one.read(StreamSpec, data)
        if isinstance(data, dict):
            check_secrets(one, data.get("options"), "options")
        stream = resolve_stream(one, stem, name, spec) if spec is not None else None
        streams[name] = stream if one.ok else None
    return SourceDraft(entry, head, streams)


def read_metrics(document: Document, problems: list[Problem]) -> list[MetricDraft]:
    """Every metric of a file, those in error with no spec."""
    entry = Entry(document, (), "", problems)
    _, inner = split_file(entry, MetricsHead, MetricsSpec, "metrics")
    drafts = []
    for name, data in inner.items():
        one = entry.inner(("metrics", name), f"metric {name}")
        one.adopt()
        _check_key(one, as_sql_name, name)
        spec = one.read(MetricSpec, data)
        drafts.append(MetricDraft(name, one, spec if one.ok else None))
    return drafts


def read_objectives(
    document: Document, cycle: str, team: str, problems: list[Problem]
) -> ObjectivesDraft | None:
    """The objectives of a team in a cycle; None where the file cannot be read."""
    entry = Entry(document, (), "", problems)
    head, inner = split_file(entry, ObjectivesHead, ObjectivesSpec, "objectives")
    if head is not None:
        _agree(entry, "cycle", head.cycle, cycle)
        _agree(entry, "team", head.team, team)
    drafts = tuple(_objective(entry, f"{cycle}/{team}/{n}", n, d) for n, d in inner.items())
    return ObjectivesDraft(entry, head, drafts) if head is not None else None


def _objective(file: Entry, full: str, name: str, data: Any) -> ObjectiveDraft:
    entry = file.inner(("objectives", name), f"objective {full}")
    entry.adopt(but="key_results")
    _check_key(entry, as_name, name)
    is_mapping = isinstance(data, dict)
    inner = data.get("key_results") if is_mapping else None
    if inner is not None and not isinstance(inner, dict):
        message = f"a mapping is expected, found {described(inner)}"
        entry.error("wrong-shape", message, "key_results", legal="name: {…}")
        inner = None
    outer = {k: v for k, v in data.items() if k != "key_results"} if is_mapping else data
    spec = entry.read(ObjectiveHead, outer, ObjectiveSpec)
    found = []
    for key, one in (inner or {}).items():
        key_entry = file.inner(("objectives", name, "key_results", key), f"{full}/{key}")
        key_entry.adopt()
        _check_key(key_entry, as_name, key)
        key_spec = key_entry.read(KeyResultSpec, one)
        found.append((key, key_entry, key_spec if key_entry.ok else None))
    return ObjectiveDraft(name, entry, spec if entry.ok else None, tuple(found))


def split_file(
    entry: Entry, head: type[Any], whole: type[Spec], inner: str
) -> tuple[Any, dict[str, Any]]:
    """The head's spec and the mapping of the objects below the key `inner`."""
    entry.adopt(but=inner)
    data = entry.document.data
    if not entry.document.readable:
        return None, {}
    if not isinstance(data, dict):
        entry.read(whole, data)
        return None, {}
    objects = data.get(inner)
    if not isinstance(objects, dict) or not objects:
        message = f"{inner} is missing" if objects is None else f"{inner} needs named entries"
        found = "" if objects is None else described(objects)
        at = (inner,) if inner in data else ()
        entry.error("missing-key", message, *at, found=found, legal=f"{inner}: {{name: {{…}}}}")
        objects = {}
    known = {k: v for k, v in data.items() if k != inner}
    return entry.read(head, known, whole), objects


def _agree(entry: Entry, key: str, written: str, expected: str) -> None:
    if written != expected:
        message = f"the file's place says {expected}, and {key} inside says {written}"
        hint = f"write {key}: {expected}, or rename the file"
        entry.error("file-disagrees", message, key, legal=expected, hint=hint)


def _check_key(entry: Entry, check: Any, name: str) -> None:
    try:
        check(name)
    except ValueError as error:
        context = getattr(error, "context", None) or {}
        entry.error("bad-name", "this is not a legal name", found=name, on_key=True,
                    legal=context.get("legal", ""), hint=context.get("hint", ""))  # fmt: skip
