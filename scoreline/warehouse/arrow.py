"""How rows arrive: a stream of Arrow batches, in one of two layouts.

What belongs here: the shapes only, so that naming them costs no import of Arrow or DuckDB.
"""

from __future__ import annotations

from typing import Literal, Protocol

Layout = Literal["columns", "json_lines"]
"""`columns`: a column each, text or typed; `json_lines`: one text column `_line`."""


class ArrowStream(Protocol):
    """Rows as a stream of Arrow record batches (the Arrow PyCapsule interface)."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The stream's capsule."""
        ...
