"""The keys of `retention`, as written: for a stream, or in organisation.yaml for all.

What belongs here: shapes. What does not: the rule between them (resolve_retention), the
words of an age (words).
"""

from __future__ import annotations

from scoreline.definitions.spec_base import Spec
from scoreline.definitions.words import AgeWord


class RetentionSpec(Spec):
    """How long each thing is kept, counted from the day on which it was received."""

    raw: AgeWord | None = None
    rows: AgeWord | None = None
    series: AgeWord | None = None
