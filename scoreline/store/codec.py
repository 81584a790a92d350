"""How instants, days, long texts and files are written into columns, and read back.

What belongs here: pure conversions, each with its exact inverse. What does not: records'
bodies (bodies) and tables.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, date, datetime
from typing import Any

from scoreline.core.digests import canonical, digest
from scoreline.core.records import StoredFile

LONG = 1024
"""Texts of more bytes than this are compressed."""


def instant_text(moment: datetime) -> str:
    """An aware instant as UTC text that sorts: `2026-11-22T06:39:00.000000Z`.

    Raises:
        ValueError: if the instant has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: pass an aware datetime")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def instant(text: str) -> datetime:
    """The aware UTC instant of `instant_text`."""
    return datetime.fromisoformat(text)


def optional_instant(text: str | None) -> datetime | None:
    """`instant`, with None for None."""
    return None if text is None else instant(text)


def day_text(day: date | None) -> str | None:
    """A day as ISO 8601 text, with None for None."""
    return None if day is None else day.isoformat()


def optional_day(text: str | None) -> date | None:
    """The day of ISO 8601 text, with None for None."""
    return None if text is None else date.fromisoformat(text)


def file_body(file: StoredFile | None) -> dict[str, Any] | None:
    """A stored file as it stands in a record's body."""
    if file is None:
        return None
    return {"digest": file.digest, "size": file.size, "suffix": file.suffix}


def file_from(body: Any) -> StoredFile | None:
    """The stored file of `file_body`."""
    return None if body is None else StoredFile(body["digest"], body["size"], body["suffix"])


def blob(body: object) -> bytes | None:
    """Canonical bytes of a body for a column, with NULL for None."""
    return None if body is None else canonical(body)


def parsed(content: bytes | None) -> Any:
    """The body of `blob`."""
    return None if content is None else json.loads(content)


def packed(text: str) -> tuple[str, bytes]:
    """A text as (coding, bytes): as it is, or compressed where that is worth it."""
    content = text.encode()
    if len(content) <= LONG:
        return "text", content
    return "zlib", zlib.compress(content, 1)


def unpacked(coding: str, content: bytes) -> str:
    """The text of `packed`.

    Raises:
        ValueError: on an unknown coding or bytes that are not text.
        zlib.error: on damaged compressed bytes.
    """
    if coding == "text":
        return content.decode()
    if coding == "zlib":
        return zlib.decompress(content).decode()
    raise ValueError(f"unknown coding {coding!r}")


def text_digest(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes."""
    return digest(text.encode())
