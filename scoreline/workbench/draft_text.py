"""A proposal as the YAML of a source file, with a comment wherever a person should look.

What belongs here: writing. What does not: what is proposed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scoreline.workbench.proposals import ColumnProposal, SourceProposal, StreamProposal

_PLAIN = re.compile(r"[A-Za-z_][\w .()/@+-]*[\w)]|[A-Za-z_]", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_COMMENT_COLUMN = 2


def scalar(value: Any) -> str:
    """A value as it stands in YAML, in braces or not; text is quoted where it must be."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(scalar(v) for v in value)}]"
    if isinstance(value, Mapping):
        return mapping(value)
    if not isinstance(value, str):
        return str(value)
    is_plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def mapping(values: Mapping[str, Any]) -> str:
    """A mapping in braces."""
    return "{" + ", ".join(f"{key}: {scalar(value)}" for key, value in values.items()) + "}"


def source_text(proposal: SourceProposal) -> str:
    """The whole file."""
    lines = [f"# {note}" for note in proposal.notes]
    lines += [
        f"source: {proposal.name}",
        f"connector: {proposal.connector}",
        f"options: {mapping(proposal.options)}",
        "streams:",
        *_indented(stream_lines(proposal.stream)),
    ]
    return "\n".join(lines) + "\n"


def stream_lines(stream: StreamProposal) -> list[str]:
    """One stream, as it stands under `streams`."""
    body = [f"options: {mapping(stream.options)}", "columns:"]
    body += _indented([column_line(c) for c in stream.columns])
    if stream.key:
        body.append(_noted(f"key: {scalar(stream.key)}", stream.notes.get("key", "")))
    else:
        body.append(f"# key: […]  {stream.notes.get('key', '')}")
    body.append(_noted(f"load: {stream.load}", stream.notes.get("load", "")))
    for word in ("version_by", "event_time"):
        value = getattr(stream, word)
        if value is not None:
            body.append(_noted(f"{word}: {value}", stream.notes.get(word, "")))
    if stream.event_time is None and "event_time" in stream.notes:
        body.append(f"# event_time: …  # {stream.notes['event_time']}; none is in every row")
    if stream.event_time is not None:
        body.append("# fresh_within: 2 workdays  # older than that, and key results say stale")
    if stream.expect:
        body += ["expect:", *(f"  - {mapping(check)}" for check in stream.expect)]
    return [f"{stream.name}:", *_indented(body)]


def column_line(column: ColumnProposal) -> str:
    """A column: the short form where its type says all."""
    more = dict(_details(column))
    written = mapping({"type": column.type, **more}) if more else scalar(column.type)
    return _noted(f"{column.name}: {written}", _remark(column))


def _details(column: ColumnProposal) -> Iterator[tuple[str, Any]]:
    if column.header is not None and column.header != column.name:
        yield "header", column.header
    if column.format:
        yield "format", column.format[0] if len(column.format) == 1 else column.format
    if column.decimal != ".":
        yield "decimal", column.decimal
    for word in ("position", "timezone", "ambiguous", "thousands", "one_of", "null_values"):
        if getattr(column, word):
            yield word, getattr(column, word)
    if column.personal != "keep":
        yield "personal", column.personal


def _remark(column: ColumnProposal) -> str:
    return "; ".join(part for part in (column.seen, column.ask) if part)


def _noted(text: str, note: str) -> str:
    one_line = " ".join("".join(c if c.isprintable() else " " for c in note).split())
    return f"{text}{' ' * _COMMENT_COLUMN}# {one_line}" if one_line else text


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
