"""Two listings of rows behind a value, compared by what the rows contain.

What belongs here: which rows came and which went, what that adds, and where they come from.
What does not: rows with a key, which are told apart by it (mixing).

A model's rows have no key: a row that changed is one that went and one that came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from scoreline.core.exact import exact_text, parse_exact
from scoreline.warehouse.rows_behind import Origin, RowsBehind

MOST_ORIGINS = 20
"""How many of the source rows of one row are named."""

_DIFFERING = """
CREATE OR REPLACE TEMP TABLE _contents AS
WITH a AS (SELECT *, row_number() OVER (PARTITION BY {contents} ORDER BY n) AS copy FROM {before}),
b AS (SELECT *, row_number() OVER (PARTITION BY {contents} ORDER BY n) AS copy FROM {after}),
every AS (
  SELECT 'gone' AS kind, -coalesce(numerator, 0) AS x, -coalesce(denominator, 0) AS y, *
  FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE {same})
  UNION ALL
  SELECT 'came', coalesce(numerator, 0), coalesce(denominator, 0), *
  FROM b WHERE NOT EXISTS (SELECT 1 FROM a WHERE {same})
)
SELECT * FROM every WHERE x <> 0 OR y <> 0"""

_LARGEST = """
WITH largest AS (
  SELECT * FROM _contents ORDER BY abs(x) DESC, abs(y) DESC, kind DESC, n LIMIT {limit}
),
sources AS (SELECT kind, n, unnest(origins) AS o FROM largest),
own AS (
  SELECT kind, n, list(o ORDER BY o.s, o.b, o.r) AS origins FROM sources AS s
  WHERE NOT EXISTS (SELECT 1 FROM sources AS t WHERE t.kind <> s.kind AND t.o = s.o) GROUP BY ALL
)
SELECT d.kind, CAST(d.x AS VARCHAR), CAST(d.y AS VARCHAR), coalesce(len(d.origins), 0),
  list_slice(coalesce(w.origins, d.origins, []), 1, {most}){columns}
FROM largest AS d LEFT JOIN own AS w ON w.kind = d.kind AND w.n = d.n
ORDER BY abs(d.x) DESC, abs(d.y) DESC, d.kind DESC, d.n"""


@dataclass(frozen=True, slots=True)
class ContentEffect:
    """A row that came or went, and what that adds to a value.

    `values` are its columns as text. Of its source rows (`sources` says how many there are)
    `origins` has those that no row on the other side is made of, or all; 20 at most.
    """

    kind: Literal["came", "gone"]
    values: tuple[str | None, ...]
    numerator: str
    denominator: str
    sources: int
    origins: tuple[Origin, ...]


class Contents:
    """What two listings of the same query differ by; valid until the next one is made."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, before: RowsBehind, after: RowsBehind
    ) -> None:
        """Compares them.

        Args:
            connection: where both were listed.
            before: the rows by the earlier state of the streams.
            after: by the later one.
        """
        self._connection, self._before, self._after = connection, before, after
        self._names = [f"c{n}" for n in range(1, len(after.query.columns) + 1)]
        contents = [*self._names, "numerator", "denominator"]
        connection.execute(
            _DIFFERING.format(
                contents=", ".join(contents),
                before=before.table,
                after=after.table,
                same=" AND ".join(f"a.{c} IS NOT DISTINCT FROM b.{c}" for c in [*contents, "copy"]),
            )
        )

    def largest(self, limit: int) -> list[ContentEffect]:
        """The rows that do most, those that do most first."""
        columns = "".join(f", CAST(d.{name} AS VARCHAR)" for name in self._names)
        rows = self._connection.execute(
            _LARGEST.format(limit=limit, most=MOST_ORIGINS, columns=columns)
        ).fetchall()
        return [
            ContentEffect(
                kind=kind,
                values=tuple(values),
                numerator=exact_text(parse_exact(x)),
                denominator=exact_text(parse_exact(y)),
                sources=sources,
                origins=self._origins(kind, origins),
            )
            for kind, x, y, sources, origins, *values in rows
        ]

    def _origins(self, kind: str, found: Sequence[dict[str, object]]) -> tuple[Origin, ...]:
        side = self._after if kind == "came" else self._before
        return tuple(o for o in map(side.origin, found) if o is not None)

    def by_column(self, name: str) -> list[tuple[str | None, str, str]]:
        """What the rows add up to by the values of a column: (value, numerator, denominator).

        The largest come first; at most 5. Nothing for a column that the rows do not have.
        """
        if name not in self._after.query.columns:
            return []
        column = self._names[self._after.query.columns.index(name)]
        return self._connection.execute(
            f"SELECT CAST({column} AS VARCHAR) AS v, CAST(sum(x) AS VARCHAR), "
            "CAST(sum(y) AS VARCHAR) FROM _contents GROUP BY v HAVING sum(x) <> 0 OR sum(y) <> 0 "
            "ORDER BY abs(sum(x)) DESC, v LIMIT 5"
        ).fetchall()
