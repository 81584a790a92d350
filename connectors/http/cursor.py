"""Where a reading ended, so that the next one starts there: the highest cursor, and its tail.

What belongs here: a cursor column's values, the position that is kept, and telling that
nothing is new. What does not: how a server is asked from there on (each kind).

A server's clock has coarse ticks and rows arrive late, so a reading starts `overlap` before the
highest cursor; the rows that it finds again are compared with what was there before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from connectors.base import StreamSpec
from connectors.errors import PermanentError

CursorKind = Literal["timestamp", "integer", "text"]
TAIL_ROWS = 200_000
"""More rows than this in the overlap are not compared: they are then received again."""
_STEP = re.compile(r'\.(?:"((?:[^"\\]|\\.)+)"|([^.\[\]"]+))')
_PLACE = re.compile(r"\[\d+\]")
_ZONED = pa.timestamp("us", tz="UTC")
_NANOS = pa.timestamp("ns", tz="UTC")


def way_of(header: str) -> tuple[str, ...]:
    """The members that lead to a value: `$.a."b c"` goes down, any other text is one name.

    Raises:
        PermanentError: it goes through an array, or is no way at all.
    """
    if not header.startswith("$."):
        return (header,)
    names = [quoted or plain for quoted, plain in _STEP.findall(header)]
    if "".join(m[0] for m in _STEP.finditer(header)) != header[1:]:
        raise PermanentError(
            f"{header!r} is no way to a member of an object",
            where="header",
            do='Write it as $.properties.amount or $."a name with dots"',
        )
    return tuple(names)


def member_of(header: str) -> str:
    """The name of the last member on the way; places in arrays, such as `[1]`, are passed."""
    return way_of(_PLACE.sub("", header))[-1]


@dataclass(frozen=True, slots=True)
class CursorColumn:
    """The column that tells how far a stream was read."""

    name: str
    way: tuple[str, ...]
    kind: CursorKind

    @classmethod
    def of(cls, spec: StreamSpec) -> CursorColumn | None:
        """The stream's cursor, where it declares one."""
        if spec.cursor is None:
            return None
        column = next((c for c in spec.columns if c.name == spec.cursor), None)
        wanted = column.wanted if column else spec.cursor
        kinds: dict[str, CursorKind] = {"timestamp": "timestamp", "date": "timestamp"}
        kinds["integer"] = "integer"
        return cls(spec.cursor, way_of(wanted), kinds.get(column.type if column else "", "text"))

    def values(self, lines: pa.StringArray, where: str) -> pa.Array:
        """The cursor of each line: instants in UTC, integers or texts; null where it has none.

        Raises:
            PermanentError: a value is not what the column is declared to be.
        """
        try:
            return self._typed(self._texts(lines))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise PermanentError(
                f"the cursor {self.name} is not a {self.kind}: {str(error).splitlines()[0][:160]}",
                where=where,
                do="Declare the column's true type, or another cursor",
            ) from None

    def _texts(self, lines: pa.StringArray) -> pa.Array:
        first = pa.string() if self.kind != "integer" else pa.int64()
        try:
            return read_member(lines, self.way, first)
        except pa.ArrowInvalid:
            return read_member(
                lines, self.way, pa.int64() if self.kind != "integer" else pa.string()
            )

    def _typed(self, found: pa.Array) -> pa.Array:
        if self.kind == "integer":
            return found.cast(pa.int64())
        if self.kind == "text":
            return found.cast(pa.string())
        if pa.types.is_integer(found.type):  # epoch, seconds or milliseconds
            milli = (pc.max(found).as_py() or 0) > 100_000_000_000
            return found.cast(pa.timestamp("ms" if milli else "s")).cast(_ZONED)
        try:
            return found.cast(_NANOS).cast(_ZONED, safe=False)
        except pa.ArrowInvalid:  # no offset: such servers mean UTC
            return found.cast(pa.timestamp("ns")).cast(pa.timestamp("us"), safe=False).cast(_ZONED)

    def text(self, value: Any) -> str:
        """A value as it is kept in a position."""
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        return str(value)

    def value(self, text: str) -> Any:
        """The value that was kept as this text."""
        if self.kind == "timestamp":
            return datetime.fromisoformat(text)
        return int(text) if self.kind == "integer" else text

    def before(self, value: Any, overlap: timedelta) -> Any:
        """Where a reading starts that goes back by the overlap; integers and texts do not."""
        return value - overlap if isinstance(value, datetime) else value


def read_member(lines: pa.StringArray, way: tuple[str, ...], kind: pa.DataType) -> pa.Array:
    """One member of each line, by Arrow's JSON reader, which is told of nothing else.

    Raises:
        pa.ArrowInvalid: a value has another type.
    """
    if not len(lines):
        return pa.array([], kind)
    text = joined(lines, "\n")
    schema = reduce(lambda t, name: pa.struct([(name, t)]), reversed(way[1:]), kind)
    table = pj.read_json(
        pa.BufferReader(text),
        pj.ReadOptions(use_threads=False, block_size=max(len(text) + 1, 1024)),
        pj.ParseOptions(
            explicit_schema=pa.schema([(way[0], schema)]),
            newlines_in_values=True,
            unexpected_field_behavior="ignore",
        ),
    )
    column = table.column(0).combine_chunks()
    return reduce(lambda c, name: pc.struct_field(c, name), way[1:], column)


def joined(lines: pa.StringArray, between: str) -> pa.Buffer:
    """The lines as one text."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return pc.binary_join(whole, between)[0].as_buffer()


@dataclass(frozen=True, slots=True)
class Position:
    """What a reading leaves behind.

    Attributes:
        source: what was read; a position of something else is none.
        high: the highest cursor so far, as text.
        low: where the next reading starts: `high` less the overlap.
        rows: rows at or after `low`.
        digest: SHA-256 of them in sorted order; empty where there were too many.
    """

    source: str
    high: str
    low: str
    rows: int
    digest: str

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None, source: str) -> Position | None:
        """The position that was kept, where it is of this source."""
        if kept is None or kept.get("source") != source:
            return None
        return cls(**{name: kept[name] for name in cls.__slots__ if name in kept})

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


class Tail:
    """The rows at the end of a reading, as far back as the overlap goes; memory is bounded."""

    def __init__(self, column: CursorColumn, overlap: timedelta, since: Position | None) -> None:
        self._column, self._overlap = column, overlap
        self.high: Any = column.value(since.high) if since else None
        self._floor: Any = column.value(since.low) if since else None
        self._kept: list[tuple[pa.Array, pa.StringArray]] = []
        self._full = False
        self.undated = 0

    def add(self, lines: pa.StringArray, where: str) -> None:
        """Take in one page."""
        values = self._column.values(lines, where)
        self.undated += values.null_count
        top = pc.max(values).as_py()
        if top is not None:
            self.high = top if self.high is None else max(self.high, top)
        self._kept.append((values, lines))
        if sum(len(v) for v, _ in self._kept) > TAIL_ROWS:
            self._prune()

    def limit(self, through: datetime) -> None:
        """Nothing after this instant is certain yet."""
        if isinstance(self.high, datetime):
            self.high = min(self.high, through)

    def position(self, source: str) -> Position | None:
        """Where this reading ended; None where no row ever had a cursor."""
        if self.high is None:
            return None
        low = self._column.before(self.high, self._overlap)
        self._prune()
        digest = ""
        lines = pa.concat_arrays([pa.array([], pa.string())] + [kept for _, kept in self._kept])
        if not self._full:
            digest = digest_of_lines(lines)
        return Position(
            source,
            self._column.text(self.high),
            self._column.text(low),
            len(lines),
            digest,
        )

    def _prune(self) -> None:
        if self.high is None:
            return
        low = self._column.before(self.high, self._overlap)
        kept = []
        for values, lines in self._kept:
            late = pc.fill_null(pc.greater_equal(values, pa.scalar(low, values.type)), True)
            kept.append((values.filter(late), lines.filter(late)))
        self._kept = [pair for pair in kept if len(pair[0])]
        if sum(len(v) for v, _ in self._kept) > TAIL_ROWS:
            self._full, self._kept = True, self._kept[-1:]


class Known:
    """The rows of the overlap that a reading finds again: are they those of the last one?"""

    def __init__(self, column: CursorColumn, since: Position) -> None:
        self._column, self._since = column, since
        self._high = column.value(since.high)
        self._found: list[pa.StringArray] = []
        self._rows = 0

    def add(self, lines: pa.StringArray, where: str) -> None:
        """Take in one page."""
        again = self.is_again(lines, where)
        self._rows += pc.sum(again).as_py() or 0
        if self._rows <= self._since.rows:
            self._found.append(lines.filter(again))

    def is_again(self, lines: pa.StringArray, where: str) -> pa.BooleanArray:
        """Which lines the last reading had seen, if nothing in the overlap changed."""
        values = self._column.values(lines, where)
        return pc.fill_null(pc.less_equal(values, pa.scalar(self._high, values.type)), True)

    @property
    def unchanged(self) -> bool:
        """Whether the overlap holds exactly what it held."""
        if not self._since.digest or self._rows != self._since.rows:
            return False
        lines = pa.concat_arrays([pa.array([], pa.string()), *self._found])
        return digest_of_lines(lines) == self._since.digest


def digest_of_lines(lines: pa.StringArray) -> str:
    """SHA-256 of lines in sorted order, in hex: the same rows in any order give the same."""
    ordered = lines.take(pc.sort_indices(lines))
    digest = hashlib.sha256()
    digest.update(len(ordered).to_bytes(8, "big"))
    digest.update(joined(ordered, "\x1e"))
    return digest.hexdigest()
