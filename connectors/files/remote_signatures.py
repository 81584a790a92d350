"""Signatures of remote objects, from what a listing says of them.

What belongs here: reading the words of many file systems. What does not: asking for them.

A signature is size and entity tag (or generation, or version), which identify contents; where
a system has none, size and modification time, marked where taken within two seconds of it or
where there is no time either: then the contents decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.files.news import FRESH

SETTLED = timedelta(seconds=2)
TAGS = ("ETag", "etag", "generation", "VersionId", "md5Hash", "content_md5")
TIMES = (
    "LastModified",
    "last_modified",
    "mtime",
    "modified",
    "updated",
    "Last-Modified",
    "created",
)


def signature_of(info: Mapping[str, Any], now: datetime) -> str:
    """What tells cheaply whether an object is the same."""
    size, tag, changed = info.get("size"), _tag(info), time_of(info)
    if tag is not None:
        return f"{size}-{tag}"
    if changed is None:
        return f"{FRESH}{size}"
    text = f"{size}-{changed.isoformat()}"
    return text if now - changed >= SETTLED else FRESH + text


def has_tag(info: Mapping[str, Any]) -> bool:
    """Whether there is something that identifies the contents."""
    return _tag(info) is not None


def _tag(info: Mapping[str, Any]) -> str | None:
    """A strong entity tag; a weak one (W/"…") says only that contents mean the same."""
    for name in TAGS:
        tag = info.get(name)
        if isinstance(tag, str | int) and tag and not str(tag).startswith("W/"):
            return str(tag).strip('"')
    return None


def time_of(info: Mapping[str, Any]) -> datetime | None:
    """When an object was last changed, where its file system says so."""
    value = next((info[name] for name in TIMES if info.get(name) is not None), None)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def _parsed(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except (TypeError, ValueError):
            continue
    return None
