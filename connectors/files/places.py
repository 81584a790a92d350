"""A place that files come from, whatever it is: a folder here, or a URL.

What belongs here: what every place can do, and the values it answers with. What does not:
any one place (`folder`, `remote`), and which files are new (`news`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.clock import Clock
from connectors.files.options import FilesStream

LISTED = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A file that matches: its name under the root (with /), size in bytes, and signature."""

    name: str
    size: int | None
    signature: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files that match, in the order of their names, and how many were left out.

    `unsettled` changed within `settle_seconds`; `unfinished` match `ignore`.
    """

    files: tuple[Found, ...]
    unsettled: int = 0
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class Copied:
    """The copy: named by its SHA-256 in hex; `signature` is of the file as copied."""

    path: Path
    digest: str
    size: int
    signature: str


class Place(Protocol):
    """Where files are. Every method raises ConnectorError where the place fails."""

    def files(self, options: FilesStream) -> Listing:
        """Those that match."""
        ...

    def digest(self, name: str) -> str:
        """SHA-256 of a file's bytes, in hex."""
        ...

    def fetch(self, name: str, work: Path, clock: Clock) -> Copied:
        """Copies a file into the folder `work`, hashed."""
        ...

    def opened(self, name: str) -> AbstractContextManager[Path]:
        """A file to look into, without keeping it."""
        ...

    def contents(self) -> list[str]:
        """The names at the top of the place, folders with a / at their end."""
        ...
