"""What is put right in records before the contract sees them.

What belongs here: the value. What does not: which kinds need it, and applying it (reading).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mend:
    """A pattern (RE2) and what takes its place in each record, groups by number."""

    pattern: str
    replacement: str
