"""What a statement over rows that are only ever added to can keep of them.

What belongs here: a statement taken apart into queries over rows (*parts*), whose results
for some rows and for some more can be put together, and the same groups read from where
they are kept. What does not: where they are kept, and of which rows (warehouse.keeping).

The values by cell and moment of old rows and of new ones combine: sums and counts add up,
of two lowest the lower stands. Of a distinct item within one span of days, the earlier of
two days of entering stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scoreline.core.digests import digest
from scoreline.core.model import Plan
from scoreline.measures import grouped
from scoreline.measures.grouped import Numbered
from scoreline.measures.layout import Grouping, Layout
from scoreline.measures.statement import head_sql, spans_sql

_VALUES = """\
WITH {head},
{groups}
SELECT m.branch, m.cell, g.moment, {columns}
FROM coded_{n} AS g JOIN members_{n} AS m ON m.combo = g.combo
GROUP BY ALL"""
_SPANS = """\
WITH {head},
{spans}
SELECT * FROM held_{n}"""
_SEPARATOR = ",\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A query over rows, and how its results for several sets of rows make one.

    Attributes:
        name: the relation that the statement reads: all that is kept, and what is new.
        rows: the relation of rows that the query reads.
        sql: reads `rows` and the parameter tables.
        same: the columns that say what a result is about; never null.
        merged: the other columns, each as the aggregate that makes one of several.
        key: a digest of everything that the results depend on besides those rows, the
            session's time zone and the engine.
        is_wide: there may be nearly as many results as rows; not to be held in a table
            before they are counted.
    """

    name: str
    rows: str
    sql: str
    same: tuple[str, ...]
    merged: tuple[str, ...]
    key: str
    is_wide: bool = False


def can_keep(plan: Plan, layout: Layout) -> bool:
    """Whether the rows of a statement are only ever added to."""
    stream = plan.streams.get(layout.source.relation)
    return stream is not None and stream.load == "append" and layout.source.timing != "history"


def parts_of(layout: Layout, cells: object, calendars: object) -> tuple[Part, ...]:
    """The statement's queries over rows.

    Args:
        layout: one that can be kept.
        cells: the parameters that every part depends on.
        calendars: those that spans of days depend on besides.
    """
    found: list[Part] = []
    for number, grouping in enumerate(layout.groupings(), 1):
        if grouping.is_distinct:
            found += [_spans(layout, grouping, b, (cells, calendars)) for b in grouping.branches]
        else:
            found.append(_values(layout, number, grouping, cells))
    return tuple(found)


def _values(layout: Layout, number: int, grouping: Grouping, parameters: object) -> Part:
    """A grouping's values by cell and moment."""
    name = _values_name(number)
    layout = replace(layout, rows=f"{name}_rows")
    functions = [
        (f"a{n}", function) for n, function in enumerate(grouped.combining(layout, grouping), 1)
    ]
    queries = [
        *grouped.hours_queries(layout),
        *grouped.grouped_queries(layout, number, grouping),
    ]
    sql = _VALUES.format(
        head=head_sql(layout),
        groups=_SEPARATOR.join(queries),
        columns=", ".join(f"{function}(g.{name}) AS {name}" for name, function in functions),
        n=number,
    )
    merged = tuple(f"{function}({name}) AS {name}" for name, function in functions)
    same, key = ("branch", "cell", "moment"), _key(sql, parameters)
    return Part(name, f"{name}_rows", sql, same, merged, key)


def _spans(layout: Layout, grouping: Grouping, branch: int, parameters: object) -> Part:
    """The spans of the items that a branch counts."""
    name, wide = _spans_name(branch), branch in layout.overlapping
    layout = replace(layout, rows=f"{name}_rows")
    queries = grouped.hours_queries(layout)
    if layout.source.timing != "standing":
        queries.append(grouped.moments_sql(layout, [(1, grouping)]))
    queries += [spans_sql(layout), grouped.held_query(layout, grouping, branch)]
    sql = _SPANS.format(head=head_sql(layout), spans=_SEPARATOR.join(queries), n=branch)
    same = ("cell", "calendar", "segment", "item", "leave")
    key, merged = _key(sql, parameters), ("min(enter) AS enter",)
    return Part(name, f"{name}_rows", sql, same, merged, key, is_wide=wide)


def _key(sql: str, parameters: object) -> str:
    return digest(f"{sql}\n{parameters!r}".encode())


def _values_name(number: int) -> str:
    return f"_values_{number}"


def _spans_name(branch: int) -> str:
    return f"_spans_{branch}"


# --- a statement's groups, read from where they are kept ----------------------------------


def rows_queries(layout: Layout, groupings: Sequence[Numbered]) -> list[str]:
    """None: the rows are grouped already."""
    return []


def moments_sql(layout: Layout, groupings: Sequence[Numbered]) -> str:
    """`moments`: every moment that values of the statement have, once."""
    names = [_values_name(number) for number, g in groupings if not g.is_distinct]
    rows = " UNION ALL ".join(f"SELECT moment FROM {name}" for name in names)
    none = "SELECT NULL::DATE AS moment WHERE FALSE"
    return f"moments AS MATERIALIZED (\n  SELECT DISTINCT moment FROM ({rows or none})\n)"


def daily_sql(layout: Layout, number: int, grouping: Grouping, value_class: str) -> list[str]:
    """A class's values by cell and moment: queries with branch, cell, moment and value."""
    return [
        f"SELECT branch, cell, moment, a{position} AS value\n"
        f"    FROM {_values_name(number)} WHERE branch IN ({', '.join(map(str, numbers))})"
        for position, numbers in grouped.placed_branches(layout, grouping, value_class)
    ]


def distinct_queries(layout: Layout, grouping: Grouping, branch_number: int) -> list[str]:
    """Each item's spans by cell: `held_<branch>`, and `united_<branch>` where they overlap."""
    held = f"held_{branch_number} AS (SELECT * FROM {_spans_name(branch_number)})"
    return [held, *grouped.united_queries(layout, branch_number)]
