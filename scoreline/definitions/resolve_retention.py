"""From `retention` as written to the plan's value.

What belongs here: the rule between its keys. What does not: shapes (specs_retention), what
is removed (steps).
"""

from __future__ import annotations

from scoreline.core.retention import Retention
from scoreline.definitions.findings import Entry
from scoreline.definitions.specs_retention import RetentionSpec


def resolve_retention(entry: Entry, spec: RetentionSpec | None) -> Retention | None:
    """The plan's value; what cannot be meant is reported."""
    if spec is None:
        return None
    if not spec.model_fields_set:
        message = "retention says nothing: name what is kept, and how long"
        legal = "raw, rows or series, as in {raw: 400 days, rows: 3 years}"
        entry.error("missing-key", message, "retention", legal=legal)
    if spec.raw and spec.rows and spec.raw.is_longer(spec.rows):
        message = f"raw bytes are kept for {spec.raw}, longer than the rows in them ({spec.rows})"
        legal = f"at most {spec.rows}"
        hint = "the bytes hold the same rows: what `rows` removes would still be there"
        entry.error("bad-retention", message, "retention", "raw", legal=legal, hint=hint)
    return Retention(spec.raw, spec.rows, spec.series)
