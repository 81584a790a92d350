"""What a new project could measure first, from the draft of its source.

What belongs here: candidates with their present value. What does not: a person's choice, and
targets that mean anything (a person sets them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import sqlglot
from sqlglot import exp

from scoreline.core.errors import UsageError
from scoreline.warehouse.profiles import ColumnProfile
from scoreline.workbench.drafting import Draft
from scoreline.workbench.naming import plain_name, words
from scoreline.workbench.proposals import ColumnProposal

_OUTCOMES = {"status", "stage", "result", "outcome", "state", "completed", "passed", "won",
             "completion", "grade", "test", "done"}  # fmt: skip
_GOOD = (
    "won", "pass", "passed", "completed", "complete", "done", "finished", "success", "resolved",
    "paid", "closed", "yes", "true", "active", "approved",
)  # fmt: skip
_AMOUNTS = {"value", "amount", "revenue", "sales", "cost", "total", "price", "hours", "seconds",
            "sec", "minutes", "clicks", "credits", "spent"}  # fmt: skip
_LEVELS = {"score", "grade", "progress", "rating", "rate", "satisfaction", "weight"}
_IDS = {"id", "uuid", "year", "code", "number", "no"}
_MOST_GROUPS = 20
_FORMS = "count | count_distinct:COLUMN | sum:COLUMN | average:COLUMN | share:COLUMN=VALUE"


@dataclass(frozen=True, slots=True)
class FirstMetric:
    """A metric that could be measured; `value` is what it shows today, in shown units."""

    form: str
    name: str
    title: str
    unit: str
    measure: Mapping[str, Any]
    value: Decimal

    @property
    def target(self) -> Decimal:
        """A tenth better than today, rounded; inside a share's bounds."""
        better = self.value * Decimal("1.1") if self.value else Decimal(10)
        if self.unit == "share":
            return min(rounded(better), Decimal(100)) if self.value < 100 else Decimal(90)
        return rounded(better, whole=self.unit == "count")


def rounded(value: Decimal, *, whole: bool = False) -> Decimal:
    """Three digits that count, or a whole number, never above the value."""
    if whole or abs(value) >= 100:
        return value.quantize(Decimal(1), ROUND_FLOOR)
    return value.quantize(Decimal("0.1") if abs(value) >= 10 else Decimal("0.01"), ROUND_FLOOR)


def sql_name(name: str) -> str:
    """A column as a condition writes it: quoted where SQL takes its name for a word of its own."""
    try:
        tree = sqlglot.parse_one(f"{name} = 1", dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return f'"{name}"'
    is_column = isinstance(tree, exp.EQ) and isinstance(tree.this, exp.Column)
    return name if is_column else f'"{name}"'


def candidates(draft: Draft) -> list[FirstMetric]:
    """What could be measured, the most telling first; counting rows is always possible."""
    stream = draft.proposal.stream
    usable = [c for c in stream.columns if c.personal != "drop" and draft.profiles[c.name].filled]
    found = [*_shares(usable, draft), *_sums_and_averages(usable, draft)]
    people = [c for c in usable if c.personal == "pseudonym"][:1]
    found += [_people(c, draft.profiles[c.name]) for c in people]
    return [*found, _rows(draft)]


def of_form(form: str, draft: Draft) -> FirstMetric:
    """The metric that a person asked for.

    Raises:
        UsageError: it is no legal form, or its column is not there or of another kind.
    """
    kind, _, rest = form.partition(":")
    name, _, value = rest.partition("=")
    column = draft.proposal.stream.column(name)
    if kind == "count" and not rest:
        return _rows(draft)
    if column is None or column.personal == "drop":
        known = ", ".join(c.name for c in draft.proposal.stream.columns if c.personal != "drop")
        raise UsageError(f"{form!r} is not one of: {_FORMS}; the columns are: {known}")
    profile = draft.profiles[name]
    if kind == "count_distinct":
        return _people(column, profile)
    if kind in ("sum", "average") and column.kind in ("integer", "decimal"):
        return _of_number(kind, column, profile)
    if kind == "share" and value:
        count = dict(profile.values).get(value)
        if count is None and profile.values:
            raise UsageError(f"{name} is never {value!r}; it is: {', '.join(dict(profile.values))}")
        return _share(column, value, count or 0, draft.rows)
    raise UsageError(f"{form!r} is not possible on {name}, which is {column.type}: {_FORMS}")


def dimensions(draft: Draft, metric: FirstMetric) -> list[str]:
    """Columns that key results may filter by: few values, and not what is measured."""
    return [
        c.name
        for c in draft.proposal.stream.columns
        if c.kind == "text"
        and c.personal == "keep"
        and 2 <= draft.profiles[c.name].distinct <= _MOST_GROUPS
        and c.name not in metric.form
    ][:4]


def _shares(columns: list[ColumnProposal], draft: Draft) -> Iterator[FirstMetric]:
    choices = [c for c in columns if c.one_of or c.kind == "boolean"]
    telling = [c for c in choices if _good_value(draft.profiles[c.name])]
    for column in sorted(telling, key=lambda c: not words(c.name) & _OUTCOMES)[:3]:
        profile = draft.profiles[column.name]
        value = _good_value(profile) or ""
        yield _share(column, value, dict(profile.values)[value], draft.rows)


def _good_value(profile: ColumnProfile) -> str | None:
    by_word = {value.lower(): value for value, _ in profile.values}
    return next((by_word[word] for word in _GOOD if word in by_word), None)


def _share(column: ColumnProposal, value: str, count: int, rows: int) -> FirstMetric:
    quoted = value.replace("'", "''")
    written = sql_name(column.name)
    where = f"{written} = '{quoted}'"
    if column.kind == "boolean":
        where = written if value.lower() in ("true", "t", "yes", "y") else f"not {written}"
    return FirstMetric(
        f"share:{column.name}={value}",
        plain_name(f"{column.name}_{value}_share"),
        f"Share of rows where {column.name} is {value}",
        "share",
        {
            "ratio": {
                "numerator": {"count": "rows", "where": where},
                "denominator": {"count": "rows"},
            }
        },
        rounded(Decimal(100 * count) / Decimal(rows)),
    )


def _sums_and_averages(columns: list[ColumnProposal], draft: Draft) -> Iterator[FirstMetric]:
    key = draft.proposal.stream.key
    numbers = [
        c
        for c in columns
        if c.kind in ("integer", "decimal") and c.name not in key and not words(c.name) & _IDS
    ]
    amounts = [c for c in numbers if words(c.name) & _AMOUNTS]
    levels = [c for c in numbers if words(c.name) & _LEVELS] or [
        c for c in numbers if c not in amounts
    ]
    for kind, chosen in (("sum", amounts), ("average", levels)):
        for column in chosen[:1]:
            yield _of_number(kind, column, draft.profiles[column.name])


def _of_number(kind: str, column: ColumnProposal, profile: ColumnProfile) -> FirstMetric:
    total = Decimal(profile.number.total) if profile.number else Decimal(0)
    value = total if kind == "sum" else total / max(profile.filled, 1)
    title = f"{'Sum' if kind == 'sum' else 'Average'} of {column.name}"
    name = plain_name(f"{column.name}_{kind}")
    return FirstMetric(
        f"{kind}:{column.name}", name, title, "number", {kind: column.name}, rounded(value)
    )


def _people(column: ColumnProposal, profile: ColumnProfile) -> FirstMetric:
    return FirstMetric(
        f"count_distinct:{column.name}",
        plain_name(f"{column.name}_count"),
        f"Different {column.name}",
        "count",
        {"count_distinct": column.name},
        Decimal(profile.distinct),
    )


def _rows(draft: Draft) -> FirstMetric:
    name = draft.proposal.name
    measure = {"count": "rows"}
    return FirstMetric(
        "count",
        plain_name(f"{name}_rows"),
        f"Rows of {name}",
        "count",
        measure,
        Decimal(draft.rows),
    )
