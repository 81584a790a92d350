"""From a received cell to a typed value: one SQL expression for each declared type.

What belongs here: the contract of one column as DuckDB SQL, exact (never rounded, never
guessed). What does not: files, tables, and what happens to a row that breaks it.

Facts used: DuckDB's `try_cast` and `try_strptime` give NULL for what they cannot read;
a cast of a text with more decimals than declared rounds, hence the patterns. A value that
is written back as the very text it was read from needs no pattern, which takes twice as long.
"""

from __future__ import annotations

from scoreline.core.model import Column, ColumnType
from scoreline.warehouse.database import literal

_BOOLEAN = (
    "CASE WHEN lower({t}) IN ('true','t','yes','y','1') THEN true "
    "WHEN lower({t}) IN ('false','f','no','n','0') THEN false END"
)
_INTEGER = "CASE WHEN regexp_full_match({t}, '[+-]?[0-9]+') THEN try_cast({t} AS BIGINT) END"
_DECIMAL = (
    "CASE WHEN regexp_full_match({t}, '[+-]?([0-9]+([.][0-9]{{0,{s}}}0*)?|[.][0-9]{{1,{s}}}0*)') "
    "THEN try_cast({t} AS DECIMAL({p},{s})) "
    "WHEN regexp_full_match({t}, '[+-]?[0-9]+([.][0-9]+)?[eE][+-]?[0-9]{{1,2}}') "
    "AND try_cast({t} AS DECIMAL(38,18)) = try_cast({t} AS DECIMAL({p},{s})) "
    "THEN try_cast({t} AS DECIMAL({p},{s})) END"
)
_WHOLE = (
    "CASE WHEN regexp_full_match({t}, '[+-]?[0-9]+([.]0*)?') "
    "THEN try_cast({t} AS DECIMAL({p},0)) END"
)
_ISO_DATE = (
    "CASE WHEN CAST(try_cast({t} AS DATE) AS VARCHAR) = {t} "
    "AND try_cast({t} AS DATE) BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' "
    "THEN try_cast({t} AS DATE) WHEN regexp_full_match({t}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
    "THEN try_cast({t} AS DATE) END"
)
_THOUSANDS = {",": "[,]", ".": "[.]", " ": "[ \u00a0\u202f]", "'": "['\u2019]"}
"""What is read as each mark: looks alike, means the same."""

EPOCHS = {"epoch": 1_000_000, "epoch_ms": 1_000}
"""Formats that count from 1970 in UTC, and their unit in microseconds."""

CHANGES = "_clock_changes"
"""The table (zone, day) of the days on which each zone's offset changes."""

_ISO_LOCAL = "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?"
_ISO_OFFSET = _ISO_LOCAL[:-1] + " ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"


def sql_type(column_type: ColumnType) -> str:
    """The DuckDB type that a declared type is stored as."""
    if column_type.kind == "decimal":
        return f"DECIMAL({column_type.precision},{column_type.scale})"
    return {
        "text": "VARCHAR",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "date": "DATE",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "json": "JSON",
    }[column_type.kind]


def present(column: Column, cell: str) -> str:
    """The cell's text, NULL where it is one of the column's null values."""
    text = cell if column.type.kind in ("text", "json") else f"trim({cell})"
    if not column.null_values:
        return text
    values = ", ".join(literal(v) for v in column.null_values)
    return f"CASE WHEN {text} IN ({values}) THEN NULL ELSE {text} END"


def readable_as_received(column: Column) -> bool:
    """Whether a cell that is typed as it was received has the value of its present text.

    Then the text need not be trimmed first. It is so where no legal spelling begins or ends
    with a space, or is a null value: a null value without a digit is no number and no time.
    """
    if column.type.kind in ("text", "json", "boolean"):
        return False
    if any(f != f.strip() for f in column.formats):
        return False
    digits = "" if column.formats else "0123456789"  # %B is a legal format: no digit is needed
    return not any(v and (not digits or set(v) & set(digits)) for v in column.null_values)


def typed(column: Column, text: str, local: str | None = None) -> str:
    """The typed value of a present text; NULL where the text breaks the type.

    `local` is the column that holds `local_time`, where there is one. A timestamp is a
    TIMESTAMPTZ. A local time that its zone skips or repeats is NULL
    unless the column says which of the two instants is meant.
    """
    kind = column.type.kind
    if kind == "text":
        return text
    if kind == "boolean":
        return _BOOLEAN.format(t=text)
    if kind == "integer":
        return _as_written(_INTEGER.format(t=_unmarked(column, text)), column, text)
    if kind == "decimal":
        pattern = _DECIMAL if column.type.scale else _WHOLE
        number = _unmarked(column, text)
        slow = pattern.format(t=number, p=column.type.precision, s=column.type.scale)
        return _as_written(slow, column, text)
    if kind == "date":
        return _date(column, text)
    if kind == "timestamp":
        return _timestamp(column, text, local)
    return f"CASE WHEN json_valid({text}) THEN {text}::JSON END"


def _as_written(slow: str, column: Column, text: str) -> str:
    """The number, at once where its text is the one that it is written as."""
    if column.decimal_mark != "." or column.thousands_mark is not None:
        return slow
    value = f"try_cast({text} AS {sql_type(column.type)})"
    return f"CASE WHEN CAST({value} AS VARCHAR) = {text} THEN {value} ELSE {slow} END"


def marked(column: Column, number: str) -> str:
    """The text of a true number (not written as text) in the column's own marks."""
    if column.decimal_mark == ".":
        return number
    return f"replace({number}, '.', {literal(column.decimal_mark)})"


def _unmarked(column: Column, text: str) -> str:
    """The number without marks of thousands and with a point; NULL where marks are astray.

    Thousands stand in groups of three from the first mark on, or have no marks at all.
    """
    if column.decimal_mark == "." and column.thousands_mark is None:
        return text
    whole, plain = "[0-9]+", text
    if column.thousands_mark is not None:
        mark = _THOUSANDS[column.thousands_mark]
        whole = f"([0-9]+|[0-9]{{1,3}}({mark}[0-9]{{3}})+)"
        plain = f"regexp_replace({plain}, {literal(mark)}, '', 'g')"
    pattern = f"[+-]?{whole}"
    if column.type.kind == "decimal":  # an integer has no decimals, so one mark has one meaning
        decimal = f"[{column.decimal_mark}]"
        pattern = f"[+-]?({whole}({decimal}[0-9]*)?|{decimal}[0-9]+)([eE][+-]?[0-9]{{1,2}})?"
        plain = f"replace({plain}, {literal(column.decimal_mark)}, '.')"
    return f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN {plain} END"


def _date(column: Column, text: str) -> str:
    if not column.formats:
        return _ISO_DATE.format(t=text)
    formats = ", ".join(literal(f) for f in column.formats)
    return f"CAST(try_strptime({text}, [{formats}]) AS DATE)"


def local_time(column: Column, text: str) -> str | None:
    """The local timestamp in a present text, for columns that may hold times without offset.

    It is a step of its own so that a text is parsed once; None where there is no such step.
    """
    if column.type.kind != "timestamp" or column.timezone is None:
        return None
    if not column.formats:
        return (
            f"CASE WHEN regexp_full_match({text}, {literal(_ISO_LOCAL)}) "
            f"THEN try_cast({text} AS TIMESTAMP) END"
        )
    naive = [f for f in column.formats if not _is_zoned(f)]
    tries = [f"try_strptime({text}, {literal(f)})" for f in naive]
    return _first(tries) if tries else None


def _timestamp(column: Column, text: str, local: str | None) -> str:
    if column.formats:
        tries = [_zoned(text, f) for f in column.formats if _is_zoned(f)]
    else:
        pattern = literal(_ISO_OFFSET)
        matches = f"regexp_full_match({text}, {pattern})"
        zoned_iso = f"CASE WHEN {matches} THEN try_cast({text} AS TIMESTAMPTZ) END"
        tries = [zoned_iso]
    if local is not None:
        tries.append(_instant(column, local))
    return _first(tries)


def _zoned(text: str, fmt: str) -> str:
    """An instant in one format: by strptime, or counted from 1970 in seconds or milliseconds."""
    if fmt not in EPOCHS:
        return f"try_strptime({_offset_text(text, fmt)}, {literal(fmt)})"
    digits = 12 if fmt == "epoch" else 15
    return (
        f"CASE WHEN regexp_full_match({text}, '-?[0-9]{{1,{digits}}}') "
        f"THEN timezone('UTC', make_timestamp(CAST({text} AS BIGINT) * {EPOCHS[fmt]})) END"
    )


def _offset_text(text: str, fmt: str) -> str:
    """The text with a final Z, which strptime's `%z` reads and DuckDB's does not, as +00:00."""
    if not fmt.endswith("%z"):
        return text
    plain = f"regexp_replace({text}, '[zZ]$', '+00:00')"
    return f"CASE WHEN suffix({text}, 'Z') OR suffix({text}, 'z') THEN {plain} ELSE {text} END"


def _is_zoned(fmt: str) -> bool:
    return fmt in EPOCHS or "%z" in fmt or "%Z" in fmt


def _first(tries: list[str]) -> str:
    return tries[0] if len(tries) == 1 else f"coalesce({', '.join(tries)})"


def _instant(column: Column, local: str) -> str:
    """A local time of the column's zone as an instant.

    On the few days on which the zone's offset changes, the offsets of the day before
    and after give two candidates; those that map back to the same local time are real.
    Both real: the time is repeated; none: it is skipped.
    """
    zone = literal(column.timezone or "UTC")
    plain = f"timezone({zone}, {local})"
    changes = f"(SELECT day FROM {CHANGES} WHERE zone = {zone})"
    before = f"({_utc(local)} - {_offset(zone, f'{local} - INTERVAL 1 DAY')})"
    after = f"({_utc(local)} - {_offset(zone, f'{local} + INTERVAL 1 DAY')})"
    real_before = f"timezone({zone}, {before}) = {local}"
    real_after = f"timezone({zone}, {after}) = {local}"
    unsure = {"earlier": f"least({before}, {after})", "later": f"greatest({before}, {after})"}
    unclear = unsure.get(column.ambiguous or "", "NULL")
    return (
        f"CASE WHEN CAST({local} AS DATE) NOT IN {changes} THEN {plain} "
        f"WHEN {before} = {after} THEN {before} "
        f"WHEN {real_before} AND NOT {real_after} THEN {before} "
        f"WHEN {real_after} AND NOT {real_before} THEN {after} ELSE {unclear} END"
    )


def _utc(local: str) -> str:
    return f"timezone('UTC', {local})"


def _offset(zone: str, local: str) -> str:
    """How far the zone's clock is ahead of UTC at a local time far from any change."""
    return f"({_utc(local)} - timezone({zone}, {local}))"


CLOCK_CHANGES = f"""
WITH noons AS (
  SELECT make_timestamp(n * 86400000000 + 43200000000) AS noon,
    timezone($1, make_timestamptz(n * 86400000000 + 43200000000)) - noon AS ahead
  FROM range(131 * 366) AS t(n)
), changed AS (
  SELECT CAST(noon AS DATE) AS day FROM noons QUALIFY ahead <> lag(ahead) OVER (ORDER BY noon)
)
INSERT INTO {CHANGES}
SELECT DISTINCT $1, day + CAST(d AS INTEGER) FROM changed, range(-2, 2) AS near(d)
UNION ALL SELECT $1, DATE '-infinity'
"""
"""Notes the local days, 1970 to 2100, on which a zone's offset changes (both sides of it), and
one before all of them, by which the zone is known to be noted."""
