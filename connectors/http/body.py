"""A response's body, complete or refused: lengths held, compression finished, size bounded.

What belongs here: proof that the bytes are all there. What does not: what they mean.

httpx reads a body without Content-Length to the end of the connection, and takes a gzip stream
that ends early for whole; h11 holds Content-Length and chunked bodies. So the bytes are taken
raw and decompressed here, where the end of the compressed stream is seen.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from connectors.errors import PermanentError, TransientError

ACCEPT_ENCODING = "gzip, deflate"
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def read_body(response: httpx.Response, limit: int, where: str) -> bytes:
    """Everything that was sent, decompressed.

    Args:
        response: opened as a stream, nothing of it read.
        limit: bytes, decompressed.
        where: what to call it in errors.

    Raises:
        TransientError: it was cut short; the next attempt may be whole.
        PermanentError: it is longer than `limit`, or compressed in a way not asked for.
    """
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return _joined(response.iter_raw(), limit, where)
    if coding not in _WINDOWS:
        raise PermanentError(
            f"the body is encoded as {coding!r}, which was not asked for", where=where
        )
    return _joined(_inflated(response, coding, limit, where), limit, where)


def _joined(chunks: Iterator[bytes], limit: int, where: str) -> bytes:
    parts, size = list[bytes](), 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _too_large(limit, where)
        parts.append(chunk)
    return b"".join(parts)


def _inflated(response: httpx.Response, coding: str, limit: int, where: str) -> Iterator[bytes]:
    stream, size, received = zlib.decompressobj(_WINDOWS[coding]), 0, False
    try:
        for chunk in response.iter_raw():
            data, received = chunk, received or bool(chunk)
            while data:
                part = stream.decompress(data, limit - size + 1)
                size += len(part)
                yield part
                if size > limit:
                    raise _too_large(limit, where)
                data = stream.unconsumed_tail
                if stream.eof:
                    data, rest = b"", stream.unused_data
                    if rest:
                        stream = zlib.decompressobj(_WINDOWS[coding])
                        data = rest
    except zlib.error as error:
        raise TransientError(f"the {coding} body is damaged: {error}", where=where) from None
    if received and not stream.eof:
        raise TransientError(f"the {coding} body was cut short", where=where)


def _too_large(limit: int, where: str) -> PermanentError:
    return PermanentError(
        f"the body is more than {limit:,} bytes once decompressed",
        where=where,
        do="Ask for smaller pages, or raise effort.max_body if it is meant to be so large",
    )
