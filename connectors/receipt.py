"""What a connector says about one batch: where it came from, and how much there was.

What belongs here: the receipt and the counts it is made of. What does not: the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row that was refused because it does not have the header's number of cells.

    Attributes:
        row: data row number from 1, as in the batch's `_row`.
        text: the row as it stands in the file, decoded. It may hold personal data.
        reason: one sentence.
    """

    row: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a batch before its rows are read."""

    connector: str
    connector_version: str
    source_identity: str
    parameters: Mapping[str, Any]
    object: str
    bytes: int
    sha256: str
    started_at: str
    cursor_from: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Tally:
    """What is counted while a batch is read; complete at the end of the reader only.

    Attributes:
        rows_received: rows delivered.
        ragged: rows refused; delivered and refused together are all there are.
        counted_rows: rows counted in the bytes, independently of the parser, without those
            of the footer.
        declared_total: rows that the source itself says there are, where it does.
        blank_rows: empty lines, which are not rows.
        footer_rows: rows at the end that are declared to be no data.
        header: the source's own column names, as written.
        extra_columns: headers that the contract does not declare.
        missing_columns: declared columns that the source does not have.
    """

    rows_received: int = 0
    ragged: list[RaggedRow] = field(default_factory=list)
    counted_rows: int | None = None
    declared_total: int | None = None
    blank_rows: int = 0
    footer_rows: int = 0
    pages: int | None = None
    header: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    encoding: str | None = None
    compression: str | None = None
    cursor_to: Mapping[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One batch's receipt; `rows_received + ragged_rows = counted_rows` where counted.

    Times are UTC in ISO 8601; `bytes` and `sha256` are of the bytes as received;
    `source_identity` names the source without secrets and without the machine's own paths.
    """

    connector: str
    connector_version: str
    source_identity: str
    parameters: Mapping[str, Any]
    object: str
    bytes: int
    sha256: str
    started_at: str
    ended_at: str
    rows_received: int
    ragged_rows: int
    blank_rows: int
    footer_rows: int
    counted_rows: int | None
    declared_total: int | None
    pages: int | None
    header: tuple[str, ...]
    extra_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]
    encoding: str | None
    compression: str | None
    cursor_from: Mapping[str, Any] | None
    cursor_to: Mapping[str, Any] | None
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, origin: Origin, tally: Tally, ended_at: str) -> Receipt:
        """The receipt of a batch that was read to its end."""
        counts = {name: getattr(tally, name) for name in tally.__slots__ if name != "ragged"}
        counts["warnings"] = tuple(tally.warnings)
        known = {name: getattr(origin, name) for name in origin.__slots__}
        return cls(ended_at=ended_at, ragged_rows=len(tally.ragged), **known, **counts)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, in the order of the fields."""
        plain = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()}
