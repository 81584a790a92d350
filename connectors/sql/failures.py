"""From a database's error to one that says whether to try again, and never a secret.

What belongs here: that translation, and the names that come near one that is not there. What
does not: which numbers and states mean what (drivers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches

import sqlalchemy as sa
from sqlalchemy import exc

from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.sql.drivers import Driver
from connectors.sql.kinds import UnreadableTimes

LISTED = 10
LONGEST = 400
AGAIN = "Run again; if it stays so, see whether the database is up and can be reached"
MEND = "Correct the table, query, columns or rights that it names"
DOOR = "Correct the option url or password, or the account's rights"


@dataclass(frozen=True, slots=True)
class Failures:
    """Translates the errors of one database.

    Attributes:
        driver: what is known of its driver.
        secrets: texts that no message may hold.
    """

    driver: Driver
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @contextmanager
    def named(self, where: str, *, connecting: bool = False) -> Iterator[None]:
        """Whatever the database raises inside leaves as a ConnectorError about `where`.

        The original is not chained: its text and its statement may hold a secret or data.

        Raises:
            TransientError: the connection dropped, a deadlock, a timeout, too busy.
            PermanentError: anything that a person must mend.
            UnreadableTimes: the driver refused a time; read again with times as text.
        """
        try:
            yield
        except (exc.SQLAlchemyError, OSError) as error:
            raise self.translated(error, where, connecting) from None

    def translated(
        self, error: Exception, where: str, connecting: bool = False
    ) -> ConnectorError | UnreadableTimes:
        """What `named` raises for an error."""
        original = getattr(error, "orig", None) or error
        if self.driver.refuses_a_time(original):
            return UnreadableTimes(where)
        text = self.scrub(_words(original))
        if self._may_pass(error, original):
            return TransientError(text, where=where, do=AGAIN)
        return PermanentError(text, where=where, do=DOOR if connecting else MEND)

    def _may_pass(self, error: Exception, original: Exception) -> bool:
        if isinstance(error, OSError) or getattr(error, "connection_invalidated", False):
            return True
        verdict = self.driver.verdict(original) if isinstance(error, exc.DBAPIError) else None
        if verdict is not None:
            return verdict == "transient"
        return isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError)

    def scrub(self, text: str) -> str:
        """The text without any secret, in one line of bounded length."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        line = " ".join(text.split()).rstrip(". ")
        return line if len(line) <= LONGEST else line[:LONGEST] + " …"


def _words(error: Exception) -> str:
    """The database's own message without the statement, its parameters or details of rows."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary:
        return str(primary)
    if len(error.args) > 1 and isinstance(error.args[-1], str):
        return error.args[-1]
    return str(error.args[0]) if error.args else type(error).__name__


def among(name: str, there: Iterable[str]) -> str:
    """What is there: the nearest names first, then a few more."""
    names = sorted(there)
    lowered = {n.lower(): n for n in reversed(names)}
    near = [lowered[n] for n in get_close_matches(name.lower(), list(lowered), n=3, cutoff=0.6)]
    rest = [n for n in names if n not in near][: LISTED - len(near)]
    more = len(names) - len(near) - len(rest)
    shown = ", ".join([*near, *rest]) or "nothing"
    listed = f"{shown} and {more} more" if more > 0 else shown
    return f"{near[0]}? (there are: {listed})" if near else f"there are: {listed}"


def names_of_tables(connection: sa.Connection, schema: str | None) -> list[str]:
    """The tables and views of a schema that this account can see."""
    inspector = sa.inspect(connection)
    return [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
