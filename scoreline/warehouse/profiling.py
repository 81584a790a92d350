"""What the rows of an undeclared source look like, column by column, over all of them.

What belongs here: set-based questions to every value of a column (which numbers, days and
times it could be, what stands for nothing, how many differ). What does not: what is made of
the answers (workbench), and reading rows by a contract (typing).

Each column is grouped by its values once; every question is then asked of the groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.warehouse.arrow import ArrowStream, Layout
from scoreline.warehouse.database import connect, literal, quote
from scoreline.warehouse.profiles import ColumnProfile, NumberForm, TimeForm
from scoreline.warehouse.time_formats import DAY_FORMATS, formats_of

NOTHING = ("?", "\\N", "NULL", "null", "(null)", "#N/A", "N/A", "n/a", "-", "--", "–", "—")
"""What is taken for a missing value in a column of any type."""
NOTHING_TYPED = ("NA", "na", "NaN", "nan", "None", "none", "nil", ".", "unknown", "Unknown")
"""What is taken for one only where every other value is a number, a day or a time."""
MARKS = (
    (".", None), (".", ","), (",", None), (",", "."), (",", " "), (".", " "), (".", "'"),
    (",", "'"),
)  # fmt: skip
"""Pairs of decimal and thousands marks, in the order in which they are believed."""
_THOUSANDS = {",": "[,]", ".": "[.]", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
_FEW = 60
_SAMPLE = 500
_AFFIXED = "([^0-9A-Za-z]{0,3}|[A-Z]{3} ?)[+-]?[0-9][0-9.,]* ?(%|[^0-9A-Za-z]{0,2}|[A-Za-z]{1,4})"
_YEARS = (1900, 2100)
_ISO_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ISO_TIME = _ISO_DAY + "[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_ISO_ZONED = _ISO_TIME + " ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_EMAIL = "[^@\\s]+@[^@\\s]+[.][A-Za-z]{2,}"
_IP = "[0-9]{1,3}([.][0-9]{1,3}){3}"


class Profiling:
    """The rows of one object in a scratch database; use it as a context.

    Args:
        work: a folder for the database, which is left there.
    """

    def __init__(self, reader: ArrowStream, layout: Layout, work: Path) -> None:
        self._connection = connect(work / "profile.duckdb", "UTC", work)
        try:
            self._connection.register("_incoming", reader)
            self._connection.execute("CREATE TABLE _raw AS SELECT * FROM _incoming")
            self._connection.unregister("_incoming")
            self._sources = self._json_sources() if layout == "json_lines" else self._cells()
            self.rows = int(self._row("SELECT count(*) FROM _raw")[0])
        except duckdb.Error as error:
            self._connection.close()
            raise WarehouseError(str(error)) from error

    def __enter__(self) -> Profiling:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as delivered, in their order."""
        return tuple(self._sources)

    def column(self, name: str) -> ColumnProfile:
        """The profile of one column."""
        expression, native = self._sources[name]
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE _groups AS "
            f"SELECT trim(CAST({expression} AS VARCHAR)) AS v, count(*) AS n FROM _raw GROUP BY 1"
        )
        empty = int(
            self._row("SELECT coalesce(sum(n), 0) FROM _groups WHERE v IS NULL OR v = ''")[0]
        )
        self._connection.execute("DELETE FROM _groups WHERE v IS NULL OR v = ''")
        nothing = self._take_out(NOTHING)
        typed = self._take_out(NOTHING_TYPED) if self._is_typed_but_for(NOTHING_TYPED) else ()
        return self._described(name, native, empty, (*nothing, *typed))

    def is_key(self, names: Sequence[str]) -> bool:
        """Whether no two rows are alike in these columns."""
        texts = ", ".join(self._sources[n][0] for n in names)
        different = f"SELECT count(*) FROM (SELECT DISTINCT {texts} FROM _raw)"
        return int(self._row(different)[0]) == self.rows

    def _cells(self) -> dict[str, tuple[str, str]]:
        found = self._connection.execute("DESCRIBE _raw").fetchall()
        return {str(r[0]): (quote(str(r[0])), str(r[1])) for r in found if str(r[0]) != "_row"}

    def _json_sources(self) -> dict[str, tuple[str, str]]:
        line = "CASE WHEN json_valid(_line) THEN _line END"
        found = self._connection.execute(
            f"SELECT key FROM (SELECT unnest(json_keys({line})) AS key, _row FROM _raw) "
            "GROUP BY key ORDER BY min(_row), key"
        ).fetchall()
        return {str(r[0]): (_json_value(line, str(r[0])), "VARCHAR") for r in found}

    def _row(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(query).fetchall()[0]
        return row

    def _take_out(self, words: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """The words that are there, with their counts; they are values no more."""
        listed = ", ".join(literal(w) for w in words)
        found = self._connection.execute(
            f"SELECT v, n FROM _groups WHERE v IN ({listed}) ORDER BY n DESC, v"
        ).fetchall()
        others = self._row(f"SELECT count(*) FROM _groups WHERE v NOT IN ({listed})")[0]
        if not found or not others:
            return ()
        self._connection.execute(f"DELETE FROM _groups WHERE v IN ({listed})")
        return tuple((str(v), int(n)) for v, n in found)

    def _is_typed_but_for(self, words: Sequence[str]) -> bool:
        """Whether every value but these words begins like a number, a day or a time."""
        listed = ", ".join(literal(w) for w in words)
        likely = "regexp_full_match(v, '[-+]?[0-9].*')"
        row = self._row(
            f"SELECT bool_and({likely}) FILTER (v NOT IN ({listed})), "
            f"bool_or(v IN ({listed})) FROM _groups"
        )
        return bool(row[0]) and bool(row[1])

    def _described(
        self, name: str, native: str, empty: int, nothing: tuple[tuple[str, int], ...]
    ) -> ColumnProfile:
        filled, distinct, longest, boolean, json, zero, emails, addresses = self._row(
            "SELECT coalesce(sum(n), 0), count(*), coalesce(max(length(v)), 0), "
            "bool_and(lower(v) IN ('true','false','t','f','yes','no','y','n')), "
            "bool_and(left(v, 1) IN ('{', '[') AND json_valid(v)), "
            "coalesce(bool_or(regexp_full_match(v, '[+-]?0[0-9]+')), false), "
            f"coalesce(sum(n) FILTER (regexp_full_match(v, {literal(_EMAIL)})), 0), "
            f"coalesce(sum(n) FILTER (regexp_full_match(v, {literal(_IP)})), 0) FROM _groups"
        )
        values: tuple[tuple[str, int], ...] = ()
        if 0 < distinct <= _FEW:
            found = self._connection.execute("SELECT v, n FROM _groups ORDER BY n DESC, v")
            values = tuple((str(v), int(n)) for v, n in found.fetchall())
        number = self._number() if filled else None
        times = self._times(native) if filled else ()
        return ColumnProfile(
            name, native, self.rows, int(filled), empty, nothing, int(distinct), values,
            int(longest), number, times, bool(boolean), bool(json), bool(zero), int(emails),
            int(addresses), None if number or times else self._misfits(int(filled)),
        )  # fmt: skip

    def _fitting(self, conditions: Sequence[str]) -> list[int]:
        """The places of the conditions that every value meets; a sample rules out most."""
        left = list(range(len(conditions)))
        for source in (f"(SELECT v FROM _groups LIMIT {_SAMPLE})", "_groups"):
            if not left:
                break
            tests = ", ".join(f"bool_and(coalesce({conditions[n]}, false))" for n in left)
            row = self._row(f"SELECT {tests} FROM {source}")
            left = [n for n, fits in zip(left, row, strict=True) if fits]
        return left

    def _number(self) -> NumberForm | None:
        patterns = [f"regexp_full_match(v, {literal(_pattern(*marks))})" for marks in MARKS]
        fitting = self._fitting(patterns)
        return self._form(*MARKS[fitting[0]]) if fitting else None

    def _form(self, decimal: str, thousands: str | None) -> NumberForm:
        plain = "v"
        if decimal == "." and thousands is None:  # 1e-07, as programs write small numbers
            exact = "rtrim(CAST(try_cast(v AS DECIMAL(38,18)) AS VARCHAR), '0')"
            plain = f"CASE WHEN contains(lower(v), 'e') THEN {exact} ELSE v END"
        if thousands is not None:
            plain = f"regexp_replace({plain}, {literal(_THOUSANDS[thousands])}, '', 'g')"
        plain = f"replace({plain}, {literal(decimal)}, '.')" if decimal != "." else plain
        whole, scale, low, high, total = self._row(
            "SELECT max(length(regexp_extract(p, '^[+-]?([0-9]*)', 1))), "
            "max(length(rtrim(regexp_extract(p, '[.]([0-9]*)', 1), '0'))), "
            "arg_min(p, try_cast(p AS DECIMAL(38,10))), arg_max(p, try_cast(p AS DECIMAL(38,10))), "
            "coalesce(sum(try_cast(p AS DECIMAL(28,6)) * n), 0) "
            f"FROM (SELECT {plain} AS p, n FROM _groups)"
        )
        return NumberForm(
            decimal, thousands, int(whole), int(scale), str(low), str(high), str(total)
        )

    def _times(self, native: str) -> tuple[TimeForm, ...]:
        if native == "DATE" or native.startswith("TIMESTAMP"):
            return (
                self._span(native == "DATE", (), native.endswith("ZONE"), "CAST(v AS TIMESTAMP)"),
            )
        forms = (
            (_ISO_DAY, True, False, "try_cast(v AS TIMESTAMP)"),
            (_ISO_TIME, False, False, "try_cast(v AS TIMESTAMP)"),
            (_ISO_ZONED, False, True, "CAST(try_cast(v AS TIMESTAMPTZ) AS TIMESTAMP)"),
        )
        conditions = [
            f"regexp_full_match(v, {literal(pattern)}) AND {parsed} IS NOT NULL"
            for pattern, _, _, parsed in forms
        ]
        for place in self._fitting(conditions):
            _, is_day, zoned, parsed = forms[place]
            return (self._span(is_day, (), zoned, parsed),)
        return self._declared_times()

    def _declared_times(self) -> tuple[TimeForm, ...]:
        """The formats that read every value; those that cannot read one are not tried."""
        if not self._fitting(["regexp_matches(v, '[0-9]') AND length(v) BETWEEN 4 AND 48"]):
            return ()
        formats = formats_of(str(self._row("SELECT arg_max(v, length(v)) FROM _groups")[0]))
        found = self._reading(formats) if formats else []
        days = set(DAY_FORMATS)
        return tuple(self._span(f in days, (f,), "%z" in f, _parsed(f)) for f in found)

    def _reading(self, formats: Sequence[str]) -> list[str]:
        low, high = _YEARS
        conditions = [f"year({_parsed(f)}) BETWEEN {low} AND {high}" for f in formats]
        return [formats[place] for place in self._fitting(conditions)]

    def _span(self, is_day: bool, formats: tuple[str, ...], zoned: bool, parsed: str) -> TimeForm:
        first, last = self._row(f"SELECT min({parsed}), max({parsed}) FROM _groups")
        return TimeForm(is_day, formats, zoned, str(first), str(last))

    def _misfits(self, filled: int) -> tuple[str, int, str] | None:
        """A few values, or signs, that keep a column of numbers or days from being one."""
        if self._fitting([f"regexp_full_match(v, {literal(_AFFIXED)})"]):
            one = self._row("SELECT any_value(v) FROM _groups")[0]
            return "numbers with a sign or unit", filled, str(one)
        kinds = {"numbers": _pattern(".", None), "days": _ISO_DAY}
        for words, pattern in kinds.items():
            fits = f"regexp_full_match(v, {literal(pattern)})"
            count, one = self._row(
                f"SELECT coalesce(sum(n) FILTER (NOT {fits}), 0), any_value(v) FILTER (NOT {fits}) "
                "FROM _groups"
            )
            if 0 < count <= filled // 20:
                return words, int(count), str(one)
        return None


def _json_value(line: str, key: str) -> str:
    path = '$."' + key.replace('"', '\\"') + '"'
    return f"json_extract_string({line}, {literal(path)})"


def _pattern(decimal: str, thousands: str | None) -> str:
    """What a number with these marks looks like; with thousands, at least one may be grouped."""
    whole = "[0-9]+"
    if thousands is not None:
        whole = f"([0-9]{{1,3}}({_THOUSANDS[thousands]}[0-9]{{3}})+|[0-9]{{1,3}})"
    power = "([eE][+-]?[0-9]{1,2})?" if (decimal, thousands) == (".", None) else ""
    return f"[+-]?{whole}([{decimal}][0-9]*)?{power}"


def _parsed(form: str) -> str:
    text = "regexp_replace(v, '[zZ]$', '+00:00')" if form.endswith("%z") else "v"
    parsed = f"try_strptime({text}, {literal(form)})"
    return f"CAST({parsed} AS TIMESTAMP)" if "%z" in form else parsed
