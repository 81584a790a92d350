"""One JSON document: the way to the array of records, and what follows it.

What belongs here: walking a document's structure outside the array, token by token. What does
not: the array's own items (`records`), and what values mean.
"""

from __future__ import annotations

import json
import re

from connectors.errors import PermanentError, TruncatedError
from connectors.jsontext.source import TextReader

LONGEST = 1 << 26
LISTED = 20
_SPACES = re.compile(rb"[ \t\r\n]*")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^ \t\r\n{}\[\],:"]+', re.DOTALL)
_ENDED = b'{}[],:"'


class JsonDocument:
    """The structure of one document, read in order; `depth` counts what is open."""

    def __init__(self, source: TextReader, records: str | None) -> None:
        self.depth = 0
        self._source = source
        self._way = records.split(".") if records else []
        self._buffer = b""
        self._start = 0
        self._at = 0

    @property
    def offset(self) -> int:
        """How many bytes of text were passed."""
        return self._start + self._at

    def enter(self) -> None:
        """Moves to just behind the opening bracket of the array of records.

        Raises:
            PermanentError: there is no such array, or the document ends before it.
        """
        for level in range(len(self._way)):
            opening = self._next()
            if opening != b"{":
                raise self._not_found(level, f"{_kind(opening)}, not an object")
            self._find_key(level)
        opening = self._next()
        if opening == b"[":
            return
        if self._way:
            raise self._not_found(len(self._way), f"{_kind(opening)}, not an array")
        raise self._not_an_array(opening)

    def rest(self) -> bytes:
        """What was read beyond the present position, which moves to its end."""
        rest = self._buffer[self._at :]
        self._start, self._buffer, self._at = self.offset + len(rest), b"", 0
        return rest

    def leave(self, offset: int, rest: bytes) -> None:
        """Passes what follows the array: `rest`, then the source, to its end.

        Args:
            offset: where `rest` begins, in bytes of text.
            rest: what was read already, from behind the array's closing bracket.

        Raises:
            PermanentError: the document ends early or late, or names the records twice.
        """
        self._start, self._buffer, self._at = offset, rest, 0
        self.depth -= 1
        own, key = self.depth, b""  # objects on the way are those not left so far
        while self.depth:
            token = self._next()
            own = min(own, self.depth)
            if token == b":" and self.depth == own and _text(key) == self._way[own - 1]:
                raise self._error(
                    f"the key {_shown(key)} on the way to the records stands twice",
                    "Export it again: in JSON a name may stand once in an object",
                )
            key = token
        trailing = self._token()
        if trailing is not None:
            raise self._error(
                f"there is text after the end of the document: {_shown(trailing)}",
                "Is each object on a line of its own? Then set format: ndjson",
            )

    def truncated(self, offset: int) -> TruncatedError:
        """The error for a document that ends at `offset`, before it is complete."""
        return TruncatedError(
            f"the document ends at byte {offset:,} and is not complete",
            where=self._source.where,
            do="It was cut short: fetch the file again",
        )

    def _find_key(self, level: int) -> None:
        """Moves behind the colon of the key that is looked for in the object just entered."""
        inside, keys, key = self.depth, list[str](), b""
        while True:
            token = self._next()
            if self.depth < inside:
                listed = ", ".join(keys) or "none"
                raise self._not_found(level, f"an object with the keys: {listed}")
            if token == b":" and self.depth == inside:
                name = _text(key)
                if name == self._way[level]:
                    return
                if len(keys) < LISTED:
                    keys.append(name)
            key = token

    def _next(self) -> bytes:
        """The next token; brackets and braces change the depth."""
        token = self._token()
        if token is None:
            raise self.truncated(self.offset)
        self.depth += (token in (b"{", b"[")) - (token in (b"}", b"]"))
        return token

    def _token(self) -> bytes | None:
        """The next token, None at the end; one that reaches the buffer's end may go on."""
        while True:
            spaces = _SPACES.match(self._buffer, self._at)
            self._at = spaces.end() if spaces else self._at
            found = _TOKEN.match(self._buffer, self._at)
            if found and (found.end() < len(self._buffer) or found[0][-1:] in _ENDED):
                break
            more = self._source.read()
            if not more:
                if not found and self._at < len(self._buffer):  # a text that does not end
                    raise self.truncated(self._start + len(self._buffer))
                break
            self._start, self._buffer, self._at = self.offset, self._buffer[self._at :] + more, 0
            if len(self._buffer) > LONGEST:
                raise self._error(f"a text is longer than {LONGEST >> 20} MiB", "Is this JSON?")
        if found:
            self._at = found.end()
        return found[0] if found else None

    def _not_an_array(self, opening: bytes) -> PermanentError:
        if opening != b"{":
            return self._error(f"is {_kind(opening)}, not an array of objects", "Export it again")
        return self._error(
            f"is one object, not an array; its keys are: {', '.join(self._keys()) or 'none'}",
            "Set the option records to the way to the rows, such as records: data.items; "
            "or format: ndjson, if each object stands on a line of its own",
        )

    def _keys(self) -> list[str]:
        """The keys of the object just entered, as far as they can be read."""
        inside, key, keys = self.depth, b"", list[str]()
        try:
            while self.depth >= inside and len(keys) < LISTED:
                token = self._next()
                if token == b":" and self.depth == inside:
                    keys.append(_text(key))
                key = token
        except PermanentError:
            pass  # the document is no array in any case
        return keys

    def _not_found(self, level: int, found: str) -> PermanentError:
        place = ".".join(self._way[:level]) or "the document"
        return self._error(
            f"there is no array at records: {'.'.join(self._way)}; {place} is {found}",
            "Correct the option records",
        )

    def _error(self, what: str, do: str) -> PermanentError:
        return PermanentError(what, where=f"{self._source.where}, byte {self.offset:,}", do=do)


def _kind(token: bytes) -> str:
    """What a value is, by its first token."""
    if token == b"{":
        return "an object"
    if token == b"[":
        return "an array"
    return "a text" if token.startswith(b'"') else _shown(token)


def _text(key: bytes) -> str:
    """A key's text; the token itself where it is no text."""
    try:
        return str(json.loads(key))
    except ValueError:
        return key.decode("utf-8", errors="replace")


def _shown(data: bytes) -> str:
    text = data.decode("utf-8", errors="replace")
    return text if len(text) <= 40 else text[:40] + "…"
