"""The SQL that computes the series of one layout.

What belongs here: the text of a statement, top to bottom. What does not: deciding what is
computed together (layout), running it (warehouse).

Every row counts from the first requested day whose window reaches it (*enter*) until the
first whose window has left it behind (*leave*). The first and last day of a window never
go back within a segment of a calendar, so that is exact for every window. A count or sum
is then +v on the day it enters and -v on the day it leaves, added up over the days; a
distinct count adds the union of each item's spans. Only days on which something changes
are ever handled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scoreline.measures import grouped
from scoreline.measures.conditions import text_literal
from scoreline.measures.grouped import Numbered
from scoreline.measures.layout import Branch, Grouping, Layout

_HEAD = """\
requests AS (
  SELECT request, id, calendar, value_group FROM _request WHERE statement = {name}
),
parts AS (
  SELECT p.request, p.role, p.branch, p.cell, q.calendar, q.value_group
  FROM _part AS p JOIN requests AS q ON q.request = p.request
  WHERE p.statement = {name}
),
cells AS (SELECT * EXCLUDE (statement) FROM _cell WHERE statement = {name}),
uses AS (SELECT DISTINCT branch, cell, calendar FROM parts),
calendars AS (
  SELECT * FROM _calendar WHERE calendar IN (SELECT calendar FROM requests)
),
segments AS (
  SELECT calendar, segment, min(day) AS first_day, max(day) AS last_day,
    bool_or(hi IS NOT NULL) AS live,
    lag(max(day)) OVER w IS DISTINCT FROM min(day) - 1 AS run_starts,
    lead(min(day)) OVER w IS DISTINCT FROM max(day) + 1 AS run_ends
  FROM calendars GROUP BY calendar, segment
  WINDOW w AS (PARTITION BY calendar ORDER BY segment)
)"""
_SPANS = {
    "event": """\
spans AS MATERIALIZED (
  SELECT m.calendar, m.segment, m.moment, e.day AS enter,
    coalesce(l.day, DATE 'infinity') AS leave
  FROM (
    SELECT s.calendar, s.segment, t.moment FROM moments AS t CROSS JOIN segments AS s
    WHERE s.live
  ) AS m
  ASOF JOIN (
    SELECT calendar, segment, hi, min(day) AS day FROM calendars GROUP BY ALL
  ) AS e ON e.calendar = m.calendar AND e.segment = m.segment AND m.moment <= e.hi
  ASOF LEFT JOIN (
    SELECT calendar, segment, lo, min(day) AS day FROM calendars WHERE lo IS NOT NULL GROUP BY ALL
  ) AS l ON l.calendar = m.calendar AND l.segment = m.segment AND m.moment < l.lo
  WHERE e.day < coalesce(l.day, DATE 'infinity')
)""",
    "history": """\
spans AS MATERIALIZED (
  SELECT m.calendar, m.segment, m.moment, m.moment_end, e.day AS enter,
    coalesce(l.day, DATE 'infinity') AS leave
  FROM (
    SELECT s.calendar, s.segment, t.moment, t.moment_end
    FROM moments AS t CROSS JOIN segments AS s WHERE s.live
  ) AS m
  ASOF JOIN (
    SELECT calendar, segment, until, min(day) AS day FROM calendars GROUP BY ALL
  ) AS e ON e.calendar = m.calendar AND e.segment = m.segment AND m.moment < e.until
  ASOF LEFT JOIN (
    SELECT calendar, segment, until, min(day) AS day FROM calendars GROUP BY ALL
  ) AS l ON l.calendar = m.calendar AND l.segment = m.segment AND m.moment_end < l.until
  WHERE e.day < coalesce(l.day, DATE 'infinity')
)""",
    "standing": """\
spans AS MATERIALIZED (
  SELECT calendar, segment, DATE '1970-01-01' AS moment, first_day AS enter,
    DATE 'infinity' AS leave
  FROM segments WHERE live
)""",
}


_PLACED = """\
placed_{n} AS MATERIALIZED (
  SELECT v.branch, v.cell, s.calendar, s.segment, s.enter, s.leave, {function}(v.value) AS value
  FROM (
    {daily}
  ) AS v
  JOIN uses AS u ON u.branch = v.branch AND u.cell = v.cell
  JOIN spans AS s ON s.calendar = u.calendar AND {same_moment}
  GROUP BY ALL
)"""
_ADDED = """\
SELECT cell, calendar, segment, enter AS day, value, NULL AS present FROM placed_{n}
  UNION ALL
  SELECT cell, calendar, segment, leave, -value, NULL FROM placed_{n}
  WHERE leave < DATE 'infinity'"""
_EXTREME = """\
daily_{n} AS MATERIALIZED (
  SELECT u.cell, d.calendar, d.segment, d.day, {function}(p.value) AS value
  FROM uses AS u
  JOIN calendars AS d ON d.calendar = u.calendar
  LEFT JOIN (
    SELECT * FROM placed_{n}
    QUALIFY coalesce(value {better} {function}(value) OVER (
      PARTITION BY cell, calendar, segment, leave ORDER BY enter
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), TRUE)
  ) AS p ON p.cell = u.cell AND p.calendar = d.calendar AND p.segment = d.segment
    AND p.enter <= d.day AND d.day < p.leave
  WHERE u.branch IN ({branches})
  GROUP BY ALL
)"""
_CHANGED = """\
SELECT cell, calendar, segment, day,
    CASE WHEN value IS NULL THEN -lag(value) OVER w WHEN lag(value) OVER w IS NULL THEN value
      ELSE value - lag(value) OVER w END AS value,
    (value IS NOT NULL)::INT - coalesce((lag(value) OVER w IS NOT NULL)::INT, 0) AS present
  FROM daily_{n}
  WINDOW w AS (PARTITION BY cell, calendar, segment ORDER BY day)"""
_RUNNING = """\
running_{n} AS (
  SELECT request, segment, day, {sums}
  FROM (
    {changes}
  )
  GROUP BY request, segment, day
  WINDOW w AS (PARTITION BY request, segment ORDER BY day)
),
lines_{n} AS (
  SELECT request, day, 0 AS place, day || ',' || point || chr(10) AS line
  FROM (
    SELECT x.request, x.day, s.run_starts AND x.day = s.first_day AS starts,
      CASE WHEN {no_value} THEN ',' ELSE {point} END AS point
    FROM running_{n} AS x
    JOIN requests AS q ON q.request = x.request
    JOIN segments AS s ON s.calendar = q.calendar AND s.segment = x.segment
  )
  QUALIFY starts OR point IS DISTINCT FROM lag(point) OVER (PARTITION BY request ORDER BY day)
)"""
_PART = """\
SELECT p.request, d.segment, d.day, {columns}
    FROM delta_{n} AS d JOIN parts AS p ON p.cell = d.cell AND p.calendar = d.calendar
    WHERE p.value_group = {group} AND p.role = '{role}'"""
_ANCHORS = """\
SELECT q.request, s.segment, s.first_day, {columns}
    FROM requests AS q JOIN segments AS s ON s.calendar = q.calendar
    WHERE q.value_group = {group}"""
_FINAL = """\
SELECT q.id AS request, string_agg(l.line, '' ORDER BY l.day, l.place) AS series
FROM (
  {lines}
  UNION ALL
  SELECT q.request, s.last_day, 1, 'end,' || s.last_day || chr(10)
  FROM requests AS q JOIN segments AS s ON s.calendar = q.calendar
  WHERE s.run_ends
) AS l
JOIN requests AS q ON q.request = l.request
GROUP BY q.id
ORDER BY q.id
"""
_UNION = "\n  UNION ALL\n  "


class Groups(Protocol):
    """Where a statement's groups come from: the rows (grouped), or relations of parts (parts)."""

    def rows_queries(self, layout: Layout, groupings: Sequence[Numbered], /) -> list[str]:
        """The rows by combination of keys, where they are not grouped yet."""

    def moments_sql(self, layout: Layout, groupings: Sequence[Numbered], /) -> str:
        """`moments`."""

    def daily_sql(
        self, layout: Layout, number: int, grouping: Grouping, value_class: str, /
    ) -> list[str]:
        """A class's values by cell and moment."""

    def distinct_queries(
        self, layout: Layout, grouping: Grouping, branch_number: int, /
    ) -> list[str]:
        """Each item's spans."""


def statement_sql(layout: Layout, groups: Groups = grouped) -> str:
    """The statement: columns `request` (its id) and `series` (see core.series).

    It reads the parameter tables `_request`, `_part`, `_cell` and `_calendar`, and the
    relation as a view of the same name. The session's time zone is the organisation's.
    """
    groupings = list(enumerate(layout.groupings(), 1))
    queries = [head_sql(layout), *groups.rows_queries(layout, groupings)]
    if layout.source.timing != "standing":
        queries.append(groups.moments_sql(layout, groupings))
    queries.append(spans_sql(layout))
    classes = {name: n for n, name in enumerate(_classes(layout), 1)}
    for name, number in classes.items():
        queries += _class_queries(layout, groups, groupings, name, number)
    for (numerator, denominator), group in layout.groups.items():
        below = None if denominator is None else (denominator, classes[denominator])
        queries.append(_value_group(group, (numerator, classes[numerator]), below))
    lines = "\n  UNION ALL\n  ".join(
        f"SELECT request, day, place, line FROM lines_{n}" for n in layout.groups.values()
    )
    return "WITH\n" + ",\n".join(queries) + "\n" + _FINAL.format(lines=lines)


def head_sql(layout: Layout) -> str:
    """What every query of the statement finds its parameters by."""
    return _HEAD.format(name=text_literal(layout.source.name))


def spans_sql(layout: Layout) -> str:
    """`spans`: from which requested day until which each moment counts."""
    return _SPANS[layout.source.timing]


def _classes(layout: Layout) -> list[str]:
    return list(dict.fromkeys(branch.value_class for branch in layout.branches))


def _class_queries(
    layout: Layout, groups: Groups, groupings: list[Numbered], name: str, number: int
) -> list[str]:
    """The changes of every cell of a class, by day: `delta_<number>`."""
    branches = {n: b for b, n in layout.branches.items() if b.value_class == name}
    queries: list[str] = []
    deltas: list[str] = []
    plain = [
        query
        for n, g in groupings
        if not g.is_distinct
        for query in groups.daily_sql(layout, n, g, name)
    ]
    if plain:
        extreme = next(iter(branches.values())).is_extreme
        function = next(iter(branches.values())).kind if extreme else "sum"
        queries.append(
            _PLACED.format(
                n=number,
                function=function,
                daily="\n    UNION ALL\n    ".join(plain),
                same_moment=grouped.same_moment(layout, "v"),
            )
        )
        if extreme:
            queries.append(_extreme(number, function, branches))
        deltas.append((_CHANGED if extreme else _ADDED).format(n=number))
    for branch in branches:
        if branches[branch].kind == "count_distinct":
            home = next(g for _, g in groupings if branch in g.branches)
            queries += groups.distinct_queries(layout, home, branch)
            deltas.append(grouped.distinct_changes(layout, branch))
    queries.append(f"delta_{number} AS (\n  {_UNION.join(deltas)}\n)")
    return queries


def _extreme(number: int, function: str, branches: dict[int, Branch]) -> str:
    return _EXTREME.format(
        n=number,
        function=function,
        better="<" if function == "min" else ">",
        branches=", ".join(str(branch) for branch in branches),
    )


def _value_group(group: int, above: tuple[str, int], below: tuple[str, int] | None) -> str:
    """The running numerator and denominator of a group's requests, and their lines."""
    sides = [("numerator", above)] + ([("denominator", below)] if below is not None else [])
    names = [name for side, _ in sides for name in (side, f"{side}_present")]
    selects = [
        _PART.format(
            n=value_class[1],
            group=group,
            role=side,
            columns=", ".join(
                f"d.value AS {name}"
                if name == side
                else f"d.present AS {name}"
                if name == f"{side}_present"
                else f"NULL AS {name}"
                for name in names
            ),
        )
        for side, value_class in sides
    ]
    nulls = ", ".join(f"NULL AS {name}" for name in names)
    selects.append(_ANCHORS.format(group=group, columns=nulls))
    return _RUNNING.format(
        n=group,
        sums=", ".join(f"sum(sum({name})) OVER w AS {name}" for name in names),
        changes="\n    UNION ALL\n    ".join(selects),
        no_value=" OR ".join(["NOT s.live", *_no_value(above, below)]),
        point=_text("numerator")
        + (" || ','" if below is None else f" || ',' || {_text('denominator')}"),
    )


def _no_value(above: tuple[str, int], below: tuple[str, int] | None) -> list[str]:
    """When there is no value: nothing to take the extreme of, or a denominator of 0."""
    found = []
    if not _adds_up(above[0]):
        found.append("coalesce(x.numerator_present, 0) = 0")
    if below is not None:
        found.append("coalesce(x.denominator, 0) = 0")
        if not _adds_up(below[0]):
            found.append("coalesce(x.denominator_present, 0) = 0")
    return found


def _adds_up(value_class: str) -> bool:
    return value_class.partition(" ")[0] not in ("min", "max")


def _text(side: str) -> str:
    return f"coalesce(CAST(x.{side} AS VARCHAR), '0')"
