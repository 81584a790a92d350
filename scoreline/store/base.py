"""What every part of the store stands on: an engine and two kinds of transaction.

What belongs here: opening transactions and closing the engine. What does not: statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Self

from sqlalchemy import Connection, Engine

from scoreline.core.errors import StoreError
from scoreline.store import dialect


class StoreBase:
    """An engine, and transactions on it; every public method of the store is one."""

    def __init__(
        self,
        engine: Engine,
        *,
        url: str | None = None,
        read_only: bool = False,
        held: Connection | None = None,
    ) -> None:
        self.url = url or engine.url.render_as_string(hide_password=False)
        """Where another process opens this store, with its password: not for people."""
        self._engine = engine
        self._read_only = read_only
        self._held = held

    def close(self) -> None:
        """Close every connection; closing twice is no error."""
        if self._held is None:
            self._engine.dispose()

    @contextmanager
    def at_once(self) -> Iterator[Self]:
        """The store as it stands at this moment, for reading only and in one thread.

        Whatever is read through it belongs together, however long that takes and whatever
        is written meanwhile.
        """
        with dialect.reading(self._engine) as connection:
            yield type(self)(self._engine, url=self.url, read_only=True, held=connection)

    def _read(self) -> AbstractContextManager[Connection]:
        if self._held is not None:
            return nullcontext(self._held)
        return dialect.reading(self._engine)

    def _write(self) -> AbstractContextManager[Connection]:
        if self._read_only:
            raise StoreError("the control store was opened for reading only")
        return dialect.writing(self._engine)
