"""The project's keys for personal values: of pseudonyms, and of marks of forgotten people.

What belongs here: which there are, and in which order. What does not: what they are used for
(warehouse.personal), reading and making one (secret_values).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.wiring.secret_values import own_key, resolve_secrets


class Keyring:
    """Keys in a folder; those of pseudonyms may be references of the definitions instead."""

    def __init__(self, references: Sequence[str], folder: Path, root: Path) -> None:
        self._references, self._folder, self._root = tuple(references), folder, root
        self._read: tuple[bytes, ...] | None = None

    def pseudonyms(self) -> tuple[bytes, ...]:
        """The keys of pseudonyms, in the order of their use; the first own one is made.

        Raises:
            UsageError: a reference leads nowhere.
        """
        if self._read is None:
            if self._references:
                found = [str(resolve_secrets(r, self._root)).encode() for r in self._references]
            else:
                found = [own_key(self._own(1)).encode(), *self._further()]
            self._read = tuple(found)
        return self._read

    def further(self, used: int) -> tuple[bytes, ...]:
        """The keys of pseudonyms with one more than are in use; an own one is made.

        Raises:
            UsageError: the keys are references, and there is none after those in use.
        """
        if len(self.pseudonyms()) <= used:
            if self._references:
                raise UsageError(
                    "the keys of pseudonyms are named in organisation.yaml: add the new one at "
                    "the end of personal.key (a list, oldest first), then rotate"
                )
            own_key(self._own(used + 1))
            self._read = None
        return self.pseudonyms()[: used + 1]

    def marks(self, *, make: bool = False) -> bytes | None:
        """The key that people are remembered by who were forgotten; None before the first."""
        path = self._folder / "marks.key"
        return own_key(path).encode() if make or path.exists() else None

    def _own(self, number: int) -> Path:
        name = "pseudonym.key" if number == 1 else f"pseudonym-{number}.key"
        return self._folder / name

    def _further(self) -> list[bytes]:
        found, number = [], 2
        while self._own(number).exists():
            found.append(own_key(self._own(number)).encode())
            number += 1
        return found
