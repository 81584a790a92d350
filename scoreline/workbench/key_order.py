"""The order in which keys stand in a definition file of the standard layout.

What belongs here: the order alone: what it is, how it is read, what it does, what is seldom
said. What does not: moving anything (layout). Names that a person gives (streams, columns,
metrics, key results) keep the order that they are written in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Path = tuple[str | int, ...]

_REST = "…"
_ORGANISATION = (
    "organisation timezone cycles evaluate fiscal_year_starts thresholds holidays check_ins "
    "schedule personal approve_targets retention checkpoints lineage … teams people"
)
_SOURCE = "source description owner connector options schedule … streams"
_STREAM = (
    "description options columns key load history version_by cursor event_time fresh_within "
    "fresh_by schema_contract retention … expect"
)
_RETENTION = "raw rows series"
_COLUMN = (
    "type header position format timezone ambiguous decimal thousands one_of null_values personal "
    "on_error … description"
)
_METRIC = "title description owner unit from measure derived time window dimensions settle …"
_MEASURE = "ratio count count_distinct sum min max average … where"
_OBJECTIVE = "title description owner supports commitment weight status_rule roll_up … key_results"
_KEY_RESULT = (
    "title description owner metric manual milestones done filter baseline target curve keep "
    "expected start due cap weight … withdrawn moved_from"
)
_KEY_RESULTS = ("objectives", "*", "key_results", "*")

_ORDERS: dict[str, tuple[tuple[Path, str], ...]] = {
    "organisation": (
        ((), _ORGANISATION),
        (("cycles", "*"), "start end …"),
        (("thresholds",), "on_track at_risk grace …"),
        (("retention",), _RETENTION),
        (("lineage",), "url api_key file namespace …"),
        (("teams", "*"), "title lead parent weight …"),
    ),
    "source": (
        ((), _SOURCE),
        (("streams", "*"), _STREAM),
        (("streams", "*", "columns", "*"), _COLUMN),
        (("streams", "*", "schema_contract"), "new_column missing_column type_change shrink_below"),
        (("streams", "*", "retention"), _RETENTION),
        (("streams", "*", "expect", "*"), "type column … on_failure"),
    ),
    "metrics": (
        (("metrics", "*"), _METRIC),
        (("metrics", "*", "measure"), _MEASURE),
        (("metrics", "*", "measure", "ratio"), "numerator denominator …"),
        (("metrics", "*", "measure", "ratio", "*"), _MEASURE),
    ),
    "objectives": (
        ((), "cycle team … objectives"),
        (("objectives", "*"), _OBJECTIVE),
        (_KEY_RESULTS, _KEY_RESULT),
        ((*_KEY_RESULTS, "milestones", "*"), "title weight due done done_when …"),
        ((*_KEY_RESULTS, "keep"), "at_least at_most every exclusive pass …"),
    ),
    "tests": ((("tests", "*"), "title metric as_of cycle filter rows … expect expect_by"),),
}


def ordered(kind: str, path: Path, keys: Iterable[str]) -> list[str]:
    """The keys of the mapping at a path of a file of that kind, in their standard order."""
    written = list(keys)
    order = next((o.split() for at, o in _ORDERS.get(kind, ()) if _matches(at, path)), None)
    if order is None:
        return written
    return sorted(written, key=lambda key: _rank(order, key))


def _matches(pattern: Path, path: Path) -> bool:
    return len(pattern) == len(path) and all(
        p in ("*", part) for p, part in zip(pattern, path, strict=True)
    )


def _rank(order: Sequence[str], key: str) -> int:
    if key in order:
        return order.index(key)
    return order.index(_REST) if _REST in order else len(order)
