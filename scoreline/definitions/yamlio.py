"""Reading YAML strictly: what is written, where it stands, and nothing guessed.

What belongs here: turning the bytes of one file into plain values with the line and
column of every key and value. What does not: what the keys mean (specs, resolve).

YAML 1.2 core scalars only: `no`, `on` and `12:30` are text, numbers keep their source
text. Refused: repeated keys, anchors, aliases, tags, directives, a second document,
depth over 40, size over 5 MB, control characters. PyYAML's C parser gives the events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from scoreline.core.errors import Place, Problem
from scoreline.definitions.documents import INT, OTHER_INT, Document, Mark, Path, YamlNumber

MAX_BYTES = 5_000_000
MAX_DEPTH = 40
_MAX_DIGITS = 100

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?\Z", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_MAYBE_SECRET = re.compile(
    r"(token|passw\w*|secret|api[_-]?key|authorization|credential\w*)([\"']?\s*:)(?!\s*[\"']?\$\{).*"
    r"|(://[^/\s:@]*:)()[^/\s@]+@.*",
    re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def without_secrets(line: str) -> str:
    """A line of a file with `***` for what may be a secret in clear text."""
    return _MAYBE_SECRET.sub(r"\1\2 ***", line)


class _ReadError(ValueError):
    """The file as a whole cannot be read; carries its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_document(raw: bytes, file: str) -> Document:
    """The document in `raw`; never raises, whatever the bytes are.

    Args:
        raw: the file's bytes (UTF-8, a byte order mark is allowed).
        file: its path relative to the project, for the places.
    """
    document = Document(file)
    try:
        text = _decode(raw, file)
        _Builder(document, text).build()
    except _ReadError as error:
        document.faults.append(((), error.problem))
        document.readable = False
        document.data = None
    return document


def read_text(raw: bytes, file: str) -> tuple[str, Problem | None]:
    """The bytes as text with Unix line ends, or an empty text and what is wrong with them."""
    try:
        return _decode(raw, file).replace("\r\n", "\n"), None
    except _ReadError as error:
        return "", error.problem


def _problem(
    file: str, code: str, at: tuple[int, int], message: str, *, found: str = "", **more: str
) -> Problem:
    return Problem("error", code, Place(file, *at), message, found=_short(found), **more)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _decode(raw: bytes, file: str) -> str:
    if len(raw) > MAX_BYTES:
        message = f"the file has {len(raw)} bytes"
        problem = _problem(file, "file-too-large", (1, 1), message, legal=f"at most {MAX_BYTES}")
        raise _ReadError(problem)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{raw[error.start]:02x}"
        problem = _problem(
            file, "not-utf-8", (line, 1), "the file is not UTF-8 text", found=found,
            hint="save it as UTF-8",
        )  # fmt: skip
        raise _ReadError(problem) from None
    bad = _CONTROL.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        found = f"U+{ord(bad.group()):04X}"
        message = "control characters are not allowed"
        raise _ReadError(_problem(file, "control-character", (line, column), message, found=found))
    return text


class _Builder:
    """Builds a document from the parser's events."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._text = text
        self._events: Iterator[Any] = iter(())

    def build(self) -> None:
        try:
            self._events = yaml.parse(self._text, Loader=yaml.CSafeLoader)
            self._stream()
        except yaml.YAMLError as error:
            raise _ReadError(self._syntax(error)) from None

    def _stream(self) -> None:
        seen = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    message = "a second document starts here"
                    raise _ReadError(self._fault("yaml-document", event, message, "one a file"))
                if event.version or event.tags:
                    message = "directives are not allowed"
                    raise _ReadError(self._fault("yaml-directive", event, message, "none"))
            elif isinstance(event, yaml.NodeEvent):
                self._document.data = self._node(event, (), None)

    def _node(self, event: Any, path: Path, key: tuple[int, int] | None) -> Any:
        self._refuse_indirection(event, path)
        if len(path) > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} deep"
            raise _ReadError(self._fault("yaml-depth", event, message, f"at most {MAX_DEPTH}"))
        at = _at(event)
        if isinstance(event, yaml.MappingStartEvent):
            self._document.marks[path] = Mark(key, at, "a mapping")
            return self._mapping(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            self._document.marks[path] = Mark(key, at, "a list")
            return self._list(path)
        if isinstance(event, yaml.AliasEvent):
            self._document.marks[path] = Mark(key, at, f"*{event.anchor}")
            return None
        is_plain = event.style in (None, "")
        self._document.marks[path] = Mark(key, at, _short(event.value), is_plain)
        return self._scalar(event, path) if is_plain else self._checked_text(event, path)

    def _list(self, path: Path) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, (*path, len(items)), None))
        return items

    def _mapping(self, start: Any, path: Path) -> dict[str, Any]:
        items: dict[str, Any] = {}
        previous = ""
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            name = self._key(event, path)
            first = self._document.marks.get((*path, name))
            value = self._node(next(self._events), (*path, name), _at(event))
            if start.flow_style and value is None and _is_split(items.get(previous), name):
                self._mend_type(items, previous, name, (*path, previous))
            elif first is not None and name in items:
                self._document.marks[(*path, name)] = first
                self._repeated(event, (*path, name), first)
            else:
                items[name] = value
                previous = name
        return items

    def _key(self, event: Any, path: Path) -> str:
        self._refuse_indirection(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            message = "a key must be plain text"
            raise _ReadError(self._fault("yaml-key", event, message, "text"))
        if event.value == "<<":
            fault = self._fault("yaml-merge", event, "merge keys are not allowed", "write it out")
            self._document.faults.append(((*path, "<<"), fault))
        elif not event.value or _CONTROL.search(event.value):
            fault = self._fault("yaml-key", event, "a key must be readable text", "text")
            self._document.faults.append(((*path, event.value), fault))
        return str(event.value)

    def _repeated(self, event: Any, path: Path, first: Mark) -> None:
        line = first.key[0] if first.key else first.value[0]
        message = f"the key {event.value} stands twice, first in line {line}"
        fault = self._fault("duplicate-key", event, message, "each key once")
        self._document.faults.append((path, fault))

    def _mend_type(self, items: dict[str, Any], previous: str, name: str, path: Path) -> None:
        whole = f"{items[previous]},{name}"
        fault = _problem(
            self._document.file, "quote-it", self._document.marks[path].value,
            "inside braces a comma ends the value: quote it",
            found=whole, legal=f'"{whole}"', hint=f'write {previous}: "{whole}"',
        )  # fmt: skip
        items[previous] = whole
        self._document.faults.append((path, fault))

    def _scalar(self, event: Any, path: Path) -> Any:
        text: str = event.value
        if text in _NULLS:
            return None
        if text in _BOOLS:
            return _BOOLS[text]
        is_number = INT.match(text) or OTHER_INT.match(text) or _FLOAT.match(text)
        if _NOT_FINITE.match(text) or (is_number and len(text) > _MAX_DIGITS):
            fault = self._fault("not-a-number", event, "not a finite number", "a plain number")
            self._document.faults.append((path, fault))
            return None
        return YamlNumber(text) if is_number else text

    def _checked_text(self, event: Any, path: Path) -> str:
        text: str = event.value
        if _CONTROL.search(text):
            message = "control characters are not allowed"
            self._document.faults.append((path, self._fault("control-character", event, message)))
        return _CONTROL.sub("", text)

    def _refuse_indirection(self, event: Any, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "anchors and aliases are not allowed"
            hint = 'quote a text that starts with & or *, like "*"'
            self._document.faults.append(
                (path, self._fault("yaml-alias", event, message, "write the value out", hint))
            )
        elif getattr(event, "tag", None):
            message = "tags are not allowed"
            hint = 'quote a text that starts with !, like "!"'
            self._document.faults.append(
                (path, self._fault("yaml-tag", event, message, "a value without a tag", hint))
            )

    def _fault(
        self, code: str, event: Any, message: str, legal: str = "", hint: str = ""
    ) -> Problem:
        found = getattr(event, "value", None) or getattr(event, "tag", None)
        found = str(found or getattr(event, "anchor", None) or "")
        at = _at(event)
        return _problem(self._document.file, code, at, message, found=found, legal=legal, hint=hint)

    def _syntax(self, error: yaml.YAMLError) -> Problem:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = self._text.splitlines()
        written = lines[line - 1].strip() if line <= len(lines) else ""
        what = getattr(error, "problem", None) or "unreadable characters"
        context = getattr(error, "context", None)
        message = f"not legal YAML: {what}" + (f" ({context})" if context else "")
        hint = "check the indentation, and quote a text that holds : # { or ["
        if re.search(r"[^\"']\$\{", written):
            hint = 'quote the reference: "${env:NAME}"'
        elif "\t" in (lines[line - 1] if line <= len(lines) else ""):
            hint = "indent with spaces, never with tabs"
        return _problem(
            self._document.file,
            "yaml-syntax",
            (line, column),
            message,
            found=without_secrets(written),
            hint=hint,
        )


def _is_split(before: Any, key: str) -> bool:
    """Whether `key` is the tail of an unquoted `decimal(p,s)` that a comma has cut."""
    is_head = isinstance(before, str) and re.fullmatch(r"decimal\(\s*\d+", before)
    return bool(is_head and re.fullmatch(r"\d+\s*\)", key))


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
