"""Where a reading ended, so that the next one starts there.

What belongs here: a cursor column, the position that is kept, and the start as a server wants to
see it. What does not: the rows at a reading's end (tail), and how a server is asked (each kind).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Literal

from connectors.base import StreamSpec
from connectors.jsontext.ways import way_of

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CursorKind = Literal["timestamp", "integer", "text"]


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
        from connectors.http.members import cursor_values

        return cursor_values(lines, self, where)

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


def start_of(
    spec: StreamSpec, since: Position | None, how: str, zone: tzinfo = UTC
) -> str | int | None:
    """Where a reading starts, as the server wants to see it; None where it starts at the beginning.

    Args:
        spec: the stream.
        since: what the last reading left behind.
        how: iso (to the second), iso_ms, date, epoch (seconds), epoch_ms, text (ISO 8601 to the
            microsecond), or a pattern of strftime. Integers and texts are given as they are.
        zone: which the server reads times in.
    """
    column = CursorColumn.of(spec)
    if column is None or since is None:
        return None
    value = column.value(since.low)
    if not isinstance(value, datetime):
        return value if isinstance(value, int) else str(value)
    return _written(value.astimezone(zone), how)


def _written(moment: datetime, how: str) -> str | int:
    if how == "epoch":
        return (moment - EPOCH) // timedelta(seconds=1)
    if how == "epoch_ms":
        return (moment - EPOCH) // timedelta(milliseconds=1)
    if how == "iso_ms":
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    if how == "text":
        return moment.isoformat()
    return moment.strftime({"iso": "%Y-%m-%dT%H:%M:%SZ", "date": "%Y-%m-%d"}.get(how, how))
