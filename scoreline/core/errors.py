"""The one error root, and the problems that a definition can have.

What belongs here: exceptions that cross a module's border and the value that
describes a mistake in a definition. What does not: how they are printed (cli),
and the connectors' own errors (connectors.base), which know nothing of us.

    ScorelineError                what a person can act on; printed without a traceback
    ├── UsageError                bad arguments, no project here: nothing was tried   (exit 2)
    ├── DefinitionError           no usable definitions at all                        (exit 2)
    ├── ExpressionError           a formula or SQL expression that is not allowed
    ├── StoreError                the control store is missing, newer or damaged
    ├── WarehouseError            DuckDB or the raw files cannot be used
    ├── CheckError                a check could not be evaluated (never pass, never fail)
    └── LockedError               another process holds the project and waiting ended
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class ScorelineError(Exception):
    """Root of every error that Scoreline raises on purpose; its text says what to do next."""


class UsageError(ScorelineError):
    """The call itself is wrong: unknown name, bad date, no project in the folder."""


class DefinitionError(ScorelineError):
    """The definitions cannot be used at all (the organisation file is missing or broken)."""


class ExpressionError(ScorelineError):
    """A derived formula, `where` or model is not legal; the text names the offending part."""


class StoreError(ScorelineError):
    """The control store cannot be opened, is newer than this release, or is damaged."""


class WarehouseError(ScorelineError):
    """DuckDB or a raw file cannot be read or written; the text names the file."""


class CheckError(ScorelineError):
    """A check could not be evaluated: neither a pass nor a fail."""


class LockedError(ScorelineError):
    """Another process works on the project; the text names it and since when."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in the project's files something stands; line and column count from 1."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the definitions, complete enough to mend it.

    Attributes:
        severity: ``error`` (the object is left out) or ``warning`` (OKR practice).
        code: a stable short name such as ``unknown-reference``; never changes its meaning.
        place: file (relative to the project's folder), line and column.
        message: one sentence: what is wrong and, after a colon, why.
        found: the offending text, as written.
        legal: what would be legal there, or the nearest legal value.
        hint: what to do about it.
        scope: the object it breaks, e.g. ``metric won_revenue`` or a key result's full
            name; empty where it concerns the whole file.
    """

    severity: Literal["error", "warning"]
    code: str
    place: Place
    message: str
    found: str = ""
    legal: str = ""
    hint: str = ""
    scope: str = ""

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.severity}: {self.message}"]
        parts += [f"  found: {self.found}"] if self.found else []
        parts += [f"  legal: {self.legal}"] if self.legal else []
        parts += [f"  hint:  {self.hint}"] if self.hint else []
        return "\n".join(parts) + (f"  [{self.code}]" if len(parts) == 1 else "")
