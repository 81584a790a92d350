"""Two states of a stream in one warehouse: which rows differ, and tables that mix both.

What belongs here: telling rows added, changed and removed apart, making the stream's table
hold some of these differences and not the others, and what each row does to a value. What
does not: which states are compared, and what comes of it for a score (steps.why).

A warehouse in memory only: the stream's tables are made over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from scoreline.core.model import Stream
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.keys import (
    columns_of,
    differs,
    has_repeats,
    history_table,
    key_list,
    rows_table,
    same_key,
)

KINDS = ("added", "changed", "removed")
"""How a row can differ between two states, in the order in which they are taken over."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One row that differs, and what that does to one part of a value.

    `kind` is one of KINDS, or `same` for a row that did not change but counts otherwise
    now (another row of its item came or went). `key` and `changes` are texts by column;
    a change is (before, after). Contributions are exact decimal texts.
    """

    kind: str
    key: dict[str, str | None]
    changes: dict[str, tuple[str | None, str | None]]
    numerator: str
    denominator: str
    seq: int
    line: int


class TwoStates:
    """A stream before and after, kept beside each other."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, stream: Stream) -> None:
        self._connection, self._stream = connection, stream
        self._tables = [rows_table(stream)] + ([history_table(stream)] if stream.history else [])
        connection.execute('CREATE SCHEMA IF NOT EXISTS "_states"')

    def keep(self, side: str) -> None:
        """Keep the stream as its tables are now, as `before` or `after`."""
        for table in self._tables:
            name = self._kept(table, side)
            self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {table}")

    def _kept(self, table: str, side: str) -> str:
        return f'"_states".{quote(table.replace(chr(34), "") + " " + side)}'

    def compare(self) -> dict[str, int]:
        """Find the rows that differ; how many of each kind there are."""
        before, after = (self._kept(self._tables[0], s) for s in ("before", "after"))
        repeats = any(has_repeats(self._connection, self._stream, t) for t in (before, after))
        self.is_keyed = bool(self._stream.key) and not repeats
        if not self.is_keyed:
            return self._compare_contents(before, after)
        self._connection.execute(
            f"CREATE OR REPLACE TABLE {self._differing} AS SELECT "
            + ", ".join(
                f"CASE WHEN a._seq IS NULL THEN b.{quote(k)} ELSE a.{quote(k)} END AS {quote(k)}"
                for k in self._stream.key
            )
            + ", CASE WHEN a._seq IS NULL THEN 'added' WHEN b._seq IS NULL THEN 'removed' "
            f"ELSE 'changed' END AS _kind FROM {before} a FULL JOIN {after} b ON "
            f"{same_key(self._stream, 'a', 'b')} WHERE a._seq IS NULL OR b._seq IS NULL "
            f"OR {differs(self._stream, 'a', 'b')}{self._other_versions()}"
        )
        return self._counted(f"SELECT _kind, count(*) FROM {self._differing} GROUP BY ALL")

    @property
    def _differing(self) -> str:
        return self._kept(self._tables[0], "differing")

    def _other_versions(self) -> str:
        """Or a key has other versions, where the stream keeps them."""
        if not self._stream.history:
            return ""
        names = ", ".join([*columns_of(self._stream), "_valid_from", "_valid_to"])
        key = key_list(self._stream)
        before, after = (self._kept(self._tables[1], s) for s in ("before", "after"))
        one = f"SELECT {names} FROM {before} EXCEPT SELECT {names} FROM {after}"
        other = f"SELECT {names} FROM {after} EXCEPT SELECT {names} FROM {before}"
        both = f"SELECT {key} FROM ({one}) UNION SELECT {key} FROM ({other})"
        return f" OR EXISTS (SELECT 1 FROM ({both}) v WHERE {same_key(self._stream, 'v', 'a')})"

    def _compare_contents(self, before: str, after: str) -> dict[str, int]:
        """Without a key a row is what it contains: some came, some went."""
        names = ", ".join(columns_of(self._stream))
        plain = {s: f"SELECT {names} FROM {t}" for s, t in (("a", before), ("b", after))}
        return self._counted(
            f"SELECT 'added', count(*) FROM ({plain['b']} EXCEPT ALL {plain['a']}) UNION ALL "
            f"SELECT 'removed', count(*) FROM ({plain['a']} EXCEPT ALL {plain['b']})"
        )

    def _counted(self, query: str) -> dict[str, int]:
        found = dict(self._connection.execute(query).fetchall())
        return {kind: found[kind] for kind in KINDS if found.get(kind)}

    def take_over(self, kinds: Collection[str]) -> None:
        """Make the stream what it was before, with these kinds of differences taken over."""
        for table in self._tables:
            before, after = self._kept(table, "before"), self._kept(table, "after")
            if set(kinds) >= set(KINDS):
                mixed = f"SELECT * FROM {after}"
            elif not self.is_keyed:
                mixed = self._mixed_contents(before, after, kinds)
            else:
                mixed = self._mixed(before, after, kinds)
            self._make(table, mixed)

    def _mixed(self, before: str, after: str, kinds: Collection[str]) -> str:
        chosen = ", ".join(literal(k) for k in kinds) or "NULL"
        test = (
            f"EXISTS (SELECT 1 FROM {self._differing} d WHERE d._kind IN ({chosen}) AND "
            f"{same_key(self._stream, 'd', 't')})"
        )
        return (
            f"SELECT * FROM {before} t WHERE NOT {test} UNION ALL "
            f"SELECT * FROM {after} t WHERE {test}"
        )

    def _mixed_contents(self, before: str, after: str, kinds: Collection[str]) -> str:
        names = ", ".join(columns_of(self._stream))
        a, b = f"SELECT {names} FROM {before}", f"SELECT {names} FROM {after}"
        mixed = f"({a})"
        if "removed" in kinds:
            mixed = f"({mixed} EXCEPT ALL ({a} EXCEPT ALL {b}))"
        if "added" in kinds:
            mixed = f"({mixed} UNION ALL ({b} EXCEPT ALL {a}))"
        return f"SELECT *, 0::BIGINT AS _seq, 0::BIGINT AS _row FROM {mixed}"

    def _make(self, table: str, query: str) -> None:
        """Make a table (or view) of the stream hold what a query gives."""
        run = self._connection.execute
        made = self._kept(table, "mixed")
        run(f"CREATE OR REPLACE TABLE {made} AS {query}")
        if self._stream.load == "append":
            run(f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM {made}")
        else:
            run(f"DELETE FROM {table}")
            run(f"INSERT INTO {table} BY NAME SELECT * FROM {made}")

    def effects(self, before: str, after: str, columns: Sequence[str], limit: int) -> list[Effect]:
        """The rows that do most to a part of a value, those that do most first.

        Args:
            before: the table with the part's rows by the state before (RowsBehind.table).
            after: by the state after.
            columns: the names of their columns `c1`, `c2` …; the key is among them.
            limit: how many at most.
        """
        if not self.is_keyed or not set(self._stream.key) <= set(columns):
            return []
        at = {name: f"c{n}" for n, name in enumerate(columns, start=1)}
        keys = self._stream.key
        same = " AND ".join(f"a.{at[k]} IS NOT DISTINCT FROM b.{at[k]}" for k in keys)
        named = ", ".join(
            f"CASE WHEN a.n IS NULL THEN b.{at[k]} ELSE a.{at[k]} END AS {quote(k)}" for k in keys
        )
        above, below = (
            f"coalesce(b.{side}, 0) - coalesce(a.{side}, 0)"
            for side in ("numerator", "denominator")
        )
        moved = (
            f"SELECT {named}, {above} AS x, {below} AS y FROM {before} a FULL JOIN {after} b "
            f"ON {same} WHERE x <> 0 OR y <> 0 "
            f"ORDER BY abs(x) DESC, abs(y) DESC, {key_list(self._stream)} LIMIT {limit}"
        )
        texts = ", ".join(
            f"CAST(o.{quote(c)} AS VARCHAR), CAST(w.{quote(c)} AS VARCHAR)" for c in columns
        )
        joins = "".join(
            f" LEFT JOIN {table} {short} ON {same_key(self._stream, short, 'm')}"
            for table, short in (
                (self._differing, "d"),
                (self._kept(self._tables[0], "before"), "o"),
                (self._kept(self._tables[0], "after"), "w"),
            )
        )
        rows = self._connection.execute(
            f"SELECT coalesce(d._kind, 'same'), CAST(x AS VARCHAR), CAST(y AS VARCHAR), "
            f"coalesce(w._seq, o._seq), coalesce(w._row, o._row), {texts} FROM ({moved}) m{joins} "
            "ORDER BY abs(x) DESC, abs(y) DESC, 4, 5"
        ).fetchall()
        return [self._effect(columns, row) for row in rows]

    def _effect(self, columns: Sequence[str], row: tuple[Any, ...]) -> Effect:
        kind, above, below, seq, line, *texts = row
        pairs = dict(zip(columns, zip(texts[::2], texts[1::2], strict=True), strict=True))
        key = {k: pairs[k][1] if pairs[k][1] is not None else pairs[k][0] for k in self._stream.key}
        others = {c: p for c, p in pairs.items() if c not in key and p[0] != p[1]}
        return Effect(kind, key, others, above, below, seq, line)

    def by_column(self, before: str, after: str, columns: Sequence[str], name: str) -> list[Any]:
        """What the rows add up to by the values of a column of the stream.

        Returns:
            (value, numerator, denominator), the largest first; at most 5.
        """
        if not self.is_keyed or not set(self._stream.key) <= set(columns):
            return []
        at = {c: f"c{n}" for n, c in enumerate(columns, start=1)}
        sides = []
        for table, side, sign in ((before, "before", "-"), (after, "after", "")):
            kept = self._kept(self._tables[0], side)
            pairs = (f"t.{at[k]} IS NOT DISTINCT FROM r.{quote(k)}" for k in self._stream.key)
            same = " AND ".join(pairs)
            sides.append(
                f"SELECT CAST(r.{quote(name)} AS VARCHAR) AS v, "
                f"{sign}coalesce(t.numerator, 0) AS x, {sign}coalesce(t.denominator, 0) AS y "
                f"FROM {table} t JOIN {kept} r ON {same}"
            )
        return self._connection.execute(
            f"SELECT v, CAST(sum(x) AS VARCHAR), CAST(sum(y) AS VARCHAR) FROM "
            f"({' UNION ALL '.join(sides)}) GROUP BY v HAVING sum(x) <> 0 OR sum(y) <> 0 "
            "ORDER BY abs(sum(x)) DESC, v LIMIT 5"
        ).fetchall()
