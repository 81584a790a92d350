"""The kind for values that come from people: it has nothing to extract.

What belongs here: saying so. What does not: check-ins themselves, which the product records
in its own store (`scoreline checkin`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connectors.base import Connector, Discovery, ObjectRef, State, StreamSpec
from connectors.errors import PermanentError
from connectors.options import Options

if TYPE_CHECKING:
    from connectors.batch import Batch


class ManualOptions(Options):
    """No options, at the source or at a stream."""


class ManualConnector(Connector):
    """Values arrive by `scoreline checkin`; discovering finds nothing, ever."""

    kind = "manual"
    version = "1"
    about = "values that people enter: `scoreline checkin`; nothing is extracted"
    SourceOptions = ManualOptions
    StreamOptions = ManualOptions

    def check(self, spec: StreamSpec) -> None:
        """There is nothing to reach."""

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Nothing, ever."""
        return Discovery()

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Refuses.

        Raises:
            PermanentError: always.
        """
        raise _nothing(spec)

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Refuses.

        Raises:
            PermanentError: always.
        """
        raise _nothing(spec)


def _nothing(spec: StreamSpec) -> PermanentError:
    return PermanentError(
        "a manual source has nothing to extract",
        where=f"stream {spec.name}",
        do="Enter the value with `scoreline checkin`",
    )
