"""What every part of the store stands on: an engine and two kinds of transaction.

What belongs here: opening transactions and closing the engine. What does not: statements.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine

from scoreline.core.errors import StoreError
from scoreline.store import dialect


class StoreBase:
    """An engine, and transactions on it; every public method of the store is one."""

    def __init__(self, engine: Engine, *, read_only: bool = False) -> None:
        self._engine = engine
        self._read_only = read_only

    def close(self) -> None:
        """Close every connection; closing twice is no error."""
        self._engine.dispose()

    def _read(self) -> AbstractContextManager[Connection]:
        return dialect.reading(self._engine)

    def _write(self) -> AbstractContextManager[Connection]:
        if self._read_only:
            raise StoreError("the control store was opened for reading only")
        return dialect.writing(self._engine)
