"""The SQL from a relation's rows to values by cell and moment.

What belongs here: grouping rows by keys and moment, joining cells, distinct items. What
does not: calendars, running values and the text of a series (statement).

A *moment* is what decides when a row counts: its local day, or the instants between which
a version was the newest, or one constant where rows always count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from scoreline.core.model import ColumnType
from scoreline.measures.conditions import quoted, relation_sql, text_literal
from scoreline.measures.layout import Branch, Grouping, Layout

Numbered = tuple[int, Grouping]

_DATE = ColumnType("date")
_EPOCH = date(1970, 1, 1)
_MOST_HOURS = 50 * 366 * 24
_MOST_TEXTS = 16
_GROUPED = """\
grouped_{n} AS MATERIALIZED (
  SELECT {columns}
  {rows}
  GROUP BY ALL
),
combos_{n} AS MATERIALIZED (
  SELECT *, row_number() OVER () AS combo FROM (SELECT DISTINCT {keys} FROM grouped_{n})
),
members_{n} AS MATERIALIZED (
  {members}
),
coded_{n} AS MATERIALIZED (
  SELECT x.combo, {values}
  FROM grouped_{n} AS g
  JOIN (
    SELECT * FROM combos_{n} WHERE combo IN (SELECT combo FROM members_{n})
  ) AS x ON {same}
)"""
_HELD = """\
held_{n} AS {materialized}(
  SELECT i.cell, s.calendar, s.segment, i.item, s.leave, min(s.enter) AS enter
  FROM (
    SELECT c.branch, c.cell, "r".{column} AS item, {moments}
    {rows}
  ) AS i
  JOIN uses AS u ON u.branch = i.branch AND u.cell = i.cell
  JOIN spans AS s ON s.calendar = u.calendar AND {same_moment}
  GROUP BY ALL
)"""
_UNITED = """\
united_{n} AS MATERIALIZED (
  SELECT cell, calendar, segment, greatest(enter, coalesce(max(leave) OVER w, enter)) AS enter,
    leave
  FROM held_{n}
  WINDOW w AS (PARTITION BY cell, calendar, segment, item ORDER BY enter, leave
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)"""
_CHANGES = """\
SELECT cell, calendar, segment, enter AS day, count(*) AS value, NULL AS present
  FROM {spans} WHERE enter < leave GROUP BY ALL
  UNION ALL
  SELECT cell, calendar, segment, leave, -count(*), NULL
  FROM {spans} WHERE enter < leave AND leave < DATE 'infinity' GROUP BY ALL"""


_HOURS = """\
hours AS MATERIALIZED (
  SELECT hour, CAST(make_timestamptz(hour * 3600000000) AS DATE) AS day
  FROM (SELECT unnest(range({first}, {last})) AS hour)
  WHERE CAST(make_timestamptz(hour * 3600000000) AS DATE)
    = CAST(make_timestamptz((hour + 1) * 3600000000 - 1) AS DATE)
)"""


def rows_queries(layout: Layout, groupings: Sequence[Numbered]) -> list[str]:
    """The rows of every grouping that is shared; distinct counts read theirs themselves."""
    queries = hours_queries(layout)
    for number, grouping in groupings:
        if not grouping.is_distinct:
            queries += grouped_queries(layout, number, grouping)
    return queries


def hours_queries(layout: Layout) -> list[str]:
    """`hours`: the local day of each whole hour within bounds that lies in one day.

    Finding the local day of an instant takes several times as long as a join does; the
    other instants' days are found one by one.
    """
    hours = _hours(layout)
    return [] if hours is None else [_HOURS.format(first=hours[0], last=hours[1])]


def grouped_queries(layout: Layout, number: int, grouping: Grouping) -> list[str]:
    """The rows of a grouping by combination of keys and flags, and each cell's combinations.

    `grouped_<number>` has keys k1…, flags b1…, moments and aggregates a1…;
    `members_<number>` says which combinations belong to which cell; `coded_<number>` has
    the groups by combination number, so that texts are compared once.
    """
    keys = [f"{key} AS k{i}" for i, key in enumerate(grouping.keys, 1)]
    if _flagged(layout, grouping):
        keys += [f"coalesce({rest}, FALSE) AS b{i}" for i, rest in enumerate(grouping.rests, 1)]
    keys = keys or ["'' AS k1"]
    aggregates = [f"{sql} AS a{i}" for i, sql in enumerate(_aggregates(layout, grouping), 1)]
    columns = ",\n    ".join([*keys, *_moment_columns(layout), *aggregates])
    names = [key.rpartition(" ")[2] for key in keys]
    values = [*_moment_names(layout), *(f"a{i}" for i in range(1, len(aggregates) + 1))]
    return [
        _GROUPED.format(
            n=number,
            columns=columns,
            rows="\n  ".join(_rows(layout, grouping)),
            keys=", ".join(names),
            members=_union(_members(layout, number, grouping), 2),
            values=", ".join(f"g.{name}" for name in values),
            same=" AND ".join(f"x.{name} IS NOT DISTINCT FROM g.{name}" for name in names),
        )
    ]


def daily_sql(layout: Layout, number: int, grouping: Grouping, value_class: str) -> list[str]:
    """A class's values by cell and moment: queries with branch, cell, moment and value."""
    moments = ", ".join(f"g.{name}" for name in _moment_names(layout))
    functions = combining(layout, grouping)
    return [
        f"SELECT m.branch, m.cell, {moments}, {functions[position - 1]}(g.a{position}) AS value\n"
        f"    FROM coded_{number} AS g JOIN members_{number} AS m ON m.combo = g.combo\n"
        f"    WHERE m.branch IN ({', '.join(map(str, numbers))}) GROUP BY ALL"
        for position, numbers in placed_branches(layout, grouping, value_class)
    ]


def placed_branches(
    layout: Layout, grouping: Grouping, value_class: str
) -> list[tuple[int, list[int]]]:
    """Which of the grouping's aggregates, from 1, are values of which branches of a class."""
    found = []
    for position, aggregate in enumerate(_aggregates(layout, grouping), 1):
        numbers = [
            n
            for n in sorted(grouping.branches)
            if layout.by_number[n].value_class == value_class
            and _aggregate(layout.by_number[n]) == aggregate
        ]
        if numbers:
            found.append((position, numbers))
    return found


def combining(layout: Layout, grouping: Grouping) -> list[str]:
    """For each of the grouping's aggregates, the function that makes one value of several."""
    kinds = {_aggregate(b): b for b in map(layout.by_number.__getitem__, grouping.branches)}
    return [kinds[a].kind if kinds[a].is_extreme else "sum" for a in _aggregates(layout, grouping)]


def _members(layout: Layout, number: int, grouping: Grouping) -> list[str]:
    found = []
    for branch_number in sorted(grouping.branches):
        branch = layout.by_number[branch_number]
        terms = [f"c.branch = {branch_number}"]
        terms += [f"c.k{i} = x.k{i}" for i, k in enumerate(grouping.keys, 1) if k in branch.keys]
        if _flagged(layout, grouping) and branch.rest is not None:
            terms.append(f"x.b{grouping.rests.index(branch.rest) + 1}")
        found.append(
            "SELECT x.combo, c.branch, c.cell\n"
            f"  FROM combos_{number} AS x JOIN cells AS c ON {' AND '.join(terms)}"
        )
    return found


def _union(queries: list[str], indent: int) -> str:
    return f"\n{' ' * indent}UNION ALL\n{' ' * indent}".join(queries)


def distinct_queries(layout: Layout, grouping: Grouping, branch_number: int) -> list[str]:
    """Each item's spans by cell: `held_<branch>`, and `united_<branch>` where they overlap."""
    return [held_query(layout, grouping, branch_number), *united_queries(layout, branch_number)]


def held_query(layout: Layout, grouping: Grouping, branch_number: int) -> str:
    """`held_<branch>`: from when until when the rows of each item count, by cell."""
    branch = layout.by_number[branch_number]
    overlaps = branch_number in layout.overlapping
    item = f'"r".{quoted(branch.column or "")}'
    terms = [f"c.branch = {branch_number}"]
    terms += [f"c.k{i} = {key}" for i, key in enumerate(grouping.keys, 1)]
    conditions = [f"{item} IS NOT NULL", *_conditions(layout, grouping)]
    rows = [_relation(layout), f"JOIN cells AS c ON {' AND '.join(terms)}", *_joined(layout)]
    rows.append("WHERE " + "\n      AND ".join(conditions))
    return _HELD.format(
        n=branch_number,
        materialized="" if overlaps else "MATERIALIZED ",
        column=quoted(branch.column or ""),
        moments=", ".join(_moment_columns(layout)),
        rows="\n    ".join(rows),
        same_moment=same_moment(layout, "i"),
    )


def united_queries(layout: Layout, branch_number: int) -> list[str]:
    """`united_<branch>` where an item's spans can overlap."""
    return [_UNITED.format(n=branch_number)] if branch_number in layout.overlapping else []


def distinct_changes(layout: Layout, branch_number: int) -> str:
    """What a distinct count gains and loses by day."""
    name = "united" if branch_number in layout.overlapping else "held"
    return _CHANGES.format(spans=f"{name}_{branch_number}")


def moments_sql(layout: Layout, groupings: Sequence[Numbered]) -> str:
    """`moments`: every moment that a row of the statement may have."""
    names = ", ".join(_moment_names(layout))
    first, last = layout.bounds
    if layout.source.timing == "event" and first is not None and last is not None:
        series = f"DATE '{first}', DATE '{last}', INTERVAL 1 DAY"
        queries = [f"SELECT CAST(unnest(generate_series({series})) AS DATE) AS moment"]
    elif any(grouping.is_distinct for _, grouping in groupings):
        every = Grouping((), (), True)
        selected = f"SELECT DISTINCT {', '.join(_moment_columns(layout))}"
        queries = ["\n  ".join([selected, *_rows(layout, every)])]
    else:
        queries = [f"SELECT {names} FROM grouped_{number}" for number, _ in groupings]
    body = "\n  UNION\n  ".join(queries)
    return f"moments AS MATERIALIZED (\n  SELECT DISTINCT {names} FROM (\n  {body}\n  )\n)"


def same_moment(layout: Layout, rows: str) -> str:
    """The condition that a row of `rows` has the moment of the span `s`."""
    return " AND ".join(f"s.{name} = {rows}.{name}" for name in _moment_names(layout))


def _rows(layout: Layout, grouping: Grouping) -> list[str]:
    """FROM and WHERE: only the rows that some requested day and cell can count."""
    conditions = _conditions(layout, grouping)
    lines = [_relation(layout), *_joined(layout)]
    return lines + (["WHERE " + "\n      AND ".join(conditions)] if conditions else [])


def _relation(layout: Layout) -> str:
    source = layout.source
    relation = relation_sql(source.relation, history=source.timing == "history")
    return f'FROM {layout.rows or relation} AS "r"'


def _joined(layout: Layout) -> list[str]:
    if _hours(layout) is None:
        return []
    instant = f'"r".{quoted(layout.source.time or "")}'
    return [f'LEFT JOIN hours AS "h" ON "h"."hour" = epoch_us({instant}) // 3600000000']


def _conditions(layout: Layout, grouping: Grouping) -> list[str]:
    conditions = _within_bounds(layout)
    branches = [layout.by_number[number] for number in grouping.branches]
    for key in grouping.keys:
        texts = layout.texts_of(key, grouping)
        if texts is not None and 0 < len(texts) <= _MOST_TEXTS:
            conditions.append(f"{key} IN ({', '.join(text_literal(t) for t in texts)})")
    if branches and all(branch.rest is not None for branch in branches):
        conditions.append("(" + " OR ".join(f"({rest})" for rest in grouping.rests) + ")")
    return conditions


def _within_bounds(layout: Layout) -> list[str]:
    """Conditions that drop rows outside every window; exactness does not rest on them.

    Instants are compared with a margin of two days, more than any zone differs from UTC,
    so that the column itself is compared and blocks of old rows are skipped unread.
    """
    if layout.source.timing != "event":
        return []
    (moment,), (first, last) = _moments(layout), layout.bounds
    time = layout.source.time or ""
    kind = (layout.columns or {}).get(time)
    if kind is not None and kind.kind == "timestamp":
        moment, margin = f'"r".{quoted(time)}', timedelta(days=2)
        first = None if first is None or first - date.min < margin else first - margin
        last = None if last is None or date.max - last < 2 * margin else last + 2 * margin
    found = [f"{moment} <= DATE '{last}'"] if last is not None else [f"{moment} IS NOT NULL"]
    return found if first is None else [*found, f"{moment} >= DATE '{first}'"]


def _flagged(layout: Layout, grouping: Grouping) -> bool:
    """Whether the groups need flags: not where every branch has the same rest."""
    return len({layout.by_number[number].rest for number in grouping.branches}) > 1


def _aggregates(layout: Layout, grouping: Grouping) -> list[str]:
    return list(dict.fromkeys(_aggregate(layout.by_number[n]) for n in grouping.branches))


def _aggregate(branch: Branch) -> str:
    """The aggregate over the rows of one group; exact whole or decimal numbers."""
    if branch.column is None:
        return "count(*)"
    return f'{branch.kind}("r".{quoted(branch.column)})'


def _moment_names(layout: Layout) -> list[str]:
    return ["moment", "moment_end"] if layout.source.timing == "history" else ["moment"]


def _moment_columns(layout: Layout) -> list[str]:
    pairs = zip(_moments(layout), _moment_names(layout), strict=True)
    return [f"{sql} AS {name}" for sql, name in pairs]


def _moments(layout: Layout) -> list[str]:
    source = layout.source
    if source.timing == "standing":
        return ["DATE '1970-01-01'"]
    if source.timing == "history":
        return ['"r"."_valid_from"', 'coalesce("r"."_valid_to", TIMESTAMPTZ \'infinity\')']
    time = source.time or ""
    column = f'"r".{quoted(time)}'
    if (layout.columns or {}).get(time) == _DATE:
        return [column]
    day = f"CAST({column} AS DATE)"
    return [day if _hours(layout) is None else f'coalesce("h"."day", {day})']


def _hours(layout: Layout) -> tuple[int, int] | None:
    """The hours since 1970 that the windows reach into, both ends excluded by a margin.

    None where days are found row by row: the column holds no instants (a model's may be a
    local time), or windows have no bound.
    """
    source, (first, last) = layout.source, layout.bounds
    kind = (layout.columns or {}).get(source.time or "")
    if source.timing != "event" or kind is None or kind.kind != "timestamp":
        return None
    if source.relation.startswith("models.") or first is None or last is None:
        return None
    low, high = ((day - _EPOCH).days * 24 for day in (first, last))
    # whole division goes towards zero: hour 0 would have instants before 1970 too
    return None if high - low > _MOST_HOURS else (max(1, low - 48), max(1, high + 72))
