"""A validator that lets every batch pass: what a run costs without Great Expectations.

What belongs here: the one class. What does not: checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scoreline.quality.model import CheckSpec, Verdict


class Unchecked:
    """A `Validator` that evaluates nothing."""

    def start(self) -> None:
        """Nothing to start."""

    def validate(
        self,
        typed: Path,
        contract: Sequence[CheckSpec],
        expectations: Sequence[CheckSpec],
        out: Path,
    ) -> Verdict:
        """No outcome, no row set aside."""
        return Verdict((), blocked=False, quarantined_rows=0, quarantine_file=None, kept_file=None)

    def close(self) -> None:
        """Nothing to end."""
