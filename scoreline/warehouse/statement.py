"""The statement that reads every cell of an object by its declared type, in one pass.

What belongs here: the layers of that statement, column by column. What does not: what one
declared type means (cells), running it and the files it writes (typing).

The statement works in layers, so that a cell is looked at once and no more than it needs:
the cell as received; its value as it stands; only where that gives none, the present text
(trimmed, null values taken out) and its value; the reason why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

from scoreline.core.model import Column
from scoreline.warehouse import cells
from scoreline.warehouse.arrow import Layout
from scoreline.warehouse.database import literal, quote
from scoreline.warehouse.personal import Hashes

# a JSON number of 17 digits or more with a point: read as a double it would lose digits
_LONG_NUMBER = r":\s*-?([0-9]+[.][0-9]{16,}|[0-9]{8,}[.][0-9]{9,}|[0-9]{16,}[.][0-9]+)"
_TEXTUAL = ("VARCHAR", "JSON", "BLOB")


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is delivered: `found` has the DuckDB type of each column, by name.

    `hashes` makes pseudonyms, and marks of people who were forgotten.
    """

    found: dict[str, str]
    layout: Layout
    hashes: Hashes


def statement(kept: list[Column], extra: list[str], incoming: Incoming) -> str:
    """The query over `_incoming`.

    Args:
        kept: the contract's columns that are stored.
        extra: undeclared columns that are stored as text.
        incoming: how the rows are delivered.

    Returns:
        A query that gives the columns, `extra`, `_row`; `_broken`, the reasons why a row
        breaks the contract; `_blocks`; `_cells`, the cells of a broken row as JSON; and,
        where people were forgotten, `_forgotten`.
    """
    columns = [_Cell(number, column, incoming) for number, column in enumerate(kept)]
    broken = [f"CASE WHEN {c.wrong} THEN {c.reason} END" for c in columns]
    wrong = [c.wrong for c in columns]
    head = ["_row", *(f"CAST({quote(name)} AS VARCHAR) AS {quote(name)}" for name in extra)]
    head += [part for c in columns for part in c.received]
    if incoming.layout == "json_lines":
        head.append(f"regexp_matches(_line, {literal(_LONG_NUMBER)}) AS _long")
        head.append("NOT json_valid(_line) AS _invalid")
        broken.insert(0, "CASE WHEN _invalid THEN 'the line is not JSON' END")
        wrong.insert(0, "_invalid")
    query = f"SELECT {', '.join(head)} FROM _incoming"
    for layer in range(5):
        parts = "".join(f", {c.layers[layer]}" for c in columns if c.layers[layer])
        query = f"SELECT *{parts} FROM ({query})" if parts else query
    reasons = f"nullif(concat_ws('; ', {', '.join(broken)}), '')"
    query = f"SELECT *, CASE WHEN {' OR '.join(wrong)} THEN {reasons} END AS _broken FROM ({query})"
    blocks = " OR ".join(c.wrong for c in columns if c.column.on_error == "block") or "false"
    names = [f"_v{c.number} AS {quote(c.column.name)}" for c in columns]
    shown = ", ".join(f"{quote(c.column.name)} := {c.shown}" for c in columns)
    forgotten = " OR ".join(c.forgotten for c in columns if c.forgotten)
    flag = f", {forgotten} AS _forgotten" if forgotten else ""
    return (
        f"SELECT {', '.join([*names, *map(quote, extra), '_row'])}, _broken, "
        f"_broken IS NOT NULL AND ({blocks}) AS _blocks, "
        f"CASE WHEN _broken IS NOT NULL THEN to_json(struct_pack({shown})) END AS _cells"
        f"{flag} FROM ({query})"
    )


class _Cell:
    """One column's parts of the statement; its own columns begin with an underscore.

    `received` goes into the innermost query. `layers` are what each further one adds, None
    for nothing: the local time in the cell as received, its value; the present text, its
    local time, its value. `wrong` is the condition that the cell breaks its type, `shown`
    the present text where it was not needed too.
    """

    def __init__(self, number: int, column: Column, incoming: Incoming) -> None:
        self.number, self.column = number, column
        r, p, v = f"_r{number}", f"_p{number}", f"_v{number}"
        self.wrong = f"({p} IS NOT NULL AND {v} IS NULL)"
        self.reason = _reason(column, p)
        self.received = [f"{_source(column, incoming)} AS {r}"]
        text = cells.present(column, r)
        early: tuple[str | None, str | None] = (None, None)
        mark = None
        if column.personal == "pseudonym":
            mark = incoming.hashes.mark(column, text)
            text = incoming.hashes.pseudonym(text)
        native = _native(column, incoming)
        if native:
            self.received.append(f"{quote(column.name)} AS {quote('_n_' + column.name)}")
        local, value = _reading(column, incoming, p, f"_l{number}", native)
        self.shown = p
        if not native and column.personal == "keep" and cells.readable_as_received(column):
            f = f"_f{number}"
            found, first = _reading(column, incoming, r, f"_e{number}", None)
            # a cast that fails is dear, and the empty cell is frequent
            early = (found, f"CASE WHEN {r} <> '' THEN {first} END")
            text, value = f"CASE WHEN {f} IS NULL THEN {text} END", f"coalesce({f}, {value})"
            self.shown = f"CASE WHEN {f} IS NULL THEN {p} ELSE {r} END"
        named = zip((*early, text, local, value), "efplv", strict=True)
        self.layers = [f"{part} AS _{letter}{number}" if part else None for part, letter in named]
        if mark is not None:
            self.layers[2] = f"{self.layers[2]}, {mark} AS _m{number}"
        self.forgotten = self._forgotten(incoming.hashes)

    def _forgotten(self, hashes: Hashes) -> str | None:
        """The condition that a row is of somebody who was forgotten by a value in the column."""
        if self.column.personal == "pseudonym":
            return hashes.is_known(self.column, f"_m{self.number}")
        text = f"coalesce(CAST(_v{self.number} AS VARCHAR), {self.shown})"
        return hashes.is_known(self.column, hashes.mark(self.column, text))


def _reading(
    column: Column,
    incoming: Incoming,
    text: str,
    local_name: str,
    native: tuple[str | None, str | None] | None,
) -> tuple[str | None, str]:
    """The local time in a text, None where there is none, and the value of the text."""
    local = native[0] if native else cells.local_time(column, text)
    value = native[1] if native else None
    value = value or cells.typed(column, text, local_name if local else None)
    if incoming.layout == "json_lines" and column.type.kind == "decimal":
        value = f"CASE WHEN NOT _long THEN {value} END"
    return local, value


def json_path(header: str) -> str:
    """Where a column stands in an object: `$.a.b` is a way into it, all else one member's name."""
    return header if header.startswith("$.") else '$."' + header.replace('"', '\\"') + '"'


def _source(column: Column, incoming: Incoming) -> str:
    """The received cell as text."""
    if incoming.layout == "json_lines":
        path = json_path(column.header or column.name)
        line = "CASE WHEN json_valid(_line) THEN _line END"
        value = f"json_extract_string({line}, {literal(path)})"
        if column.decimal_mark == ".":
            return value
        is_text = f"json_type({line}, {literal(path)}) = 'VARCHAR'"
        return f"CASE WHEN {is_text} THEN {value} ELSE {cells.marked(column, value)} END"
    name = quote(column.name)
    kind = incoming.found.get(column.name)
    if kind is None:
        return "CAST(NULL AS VARCHAR)"
    if kind in ("DOUBLE", "FLOAT") and column.type.kind == "integer":
        return (
            f"CASE WHEN isfinite({name}) AND {name} = trunc({name}) AND abs({name}) < 1e18 "
            f"THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) ELSE CAST({name} AS VARCHAR) END"
        )
    if kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    return name if kind == "VARCHAR" else cells.marked(column, f"CAST({name} AS VARCHAR)")


def _native(column: Column, incoming: Incoming) -> tuple[str | None, str | None] | None:
    """For columns that arrive as times: (local expression, value expression)."""
    kind = incoming.found.get(column.name, "") if incoming.layout == "columns" else ""
    if column.type.kind not in ("date", "timestamp") or kind in ("", *_TEXTUAL):
        return None
    name = quote(f"_n_{column.name}")
    if column.type.kind == "date":
        return (None, name) if kind == "DATE" else None
    if kind == "TIMESTAMP WITH TIME ZONE":
        return (None, name)
    if kind.startswith("TIMESTAMP") and column.timezone:
        return (f"CAST({name} AS TIMESTAMP)", None)
    return None


def _reason(column: Column, text: str) -> str:
    wanted = str(column.type)
    if column.formats:
        wanted += f" in the form {' or '.join(column.formats)}"
    if column.decimal_mark != "." or column.thousands_mark:
        decimals = f"{column.decimal_mark}56" if column.type.scale else ""
        wanted += f" written like 1{column.thousands_mark or ''}234{decimals}"
    ending = f" is not {wanted}"
    if column.type.kind == "timestamp" and column.timezone and column.ambiguous is None:
        ending += f" (or {column.timezone} skips or repeats that time)"
    return f"{literal(column.name + ': ')} || '\"' || left({text}, 80) || '\"' || {literal(ending)}"
