"""Stored rows written again: without those of a person, or with other pseudonyms.

What belongs here: the statements over one Parquet file of a batch, whatever it holds. What
does not: which files those are and what the record says of it (steps).

A file has the columns of the contract and `_row` (rows typed, kept or set aside), or
`_row`, `reason` and `cells` (broken rows: the cells as JSON by column; the whole text as a
JSON string where a row could not be cut into cells).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Column
from scoreline.warehouse.cells import sql_type
from scoreline.warehouse.database import connect, literal, quote
from scoreline.warehouse.personal import HashedSql

_BROKEN = {"_row", "reason", "cells"}
_PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


@dataclass(frozen=True, slots=True)
class Person:
    """Whose rows are meant: a value in a column, as it is stored (a pseudonym if it is one)."""

    column: Column
    stored: str


class Rewriter:
    """Reads and writes files in a database of its own, in memory."""

    def __init__(self, timezone: str, temp: Path) -> None:
        self._connection = connect(None, timezone, temp)

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()

    def __enter__(self) -> Rewriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows_of(self, path: Path, person: Person) -> tuple[int, int]:
        """How many rows a file has, and how many of them are of a person."""
        test = self._test(path, person)
        return self._counts(
            f"SELECT count(*), count_if({test}) FROM {_read(path)}", [person.stored]
        )

    def without(self, path: Path, person: Person, target: Path) -> None:
        """Write a file again without the rows of a person, the others in their order."""
        query = f"SELECT * FROM {_read(path)} WHERE NOT {self._test(path, person)}"
        self._copy(query, target, [person.stored])

    def rekeyed(self, path: Path, columns: Sequence[str], key: bytes, target: Path) -> None:
        """Write a file again with every pseudonym put through one more key."""
        hashes, found = HashedSql(), self._columns(path)
        if found == _BROKEN:
            changed = f"{self._cells(hashes, columns, key)} AS cells"
        else:
            names = [quote(c) for c in columns if c in found]
            changed = ", ".join(f"{hashes.pseudonym(n, [key])} AS {n}" for n in names)
        replaced = f" REPLACE ({changed})" if changed else ""
        self._copy(f"SELECT *{replaced} FROM {_read(path)}", target, hashes.parameters)

    def _cells(self, hashes: HashedSql, columns: Sequence[str], key: bytes) -> str:
        """Cells as JSON with the pseudonyms among them put through one more key."""
        patches = []
        for column in columns:
            text = f"json_extract_string(cells, {literal(_path(column))})"
            patch = f"json_object({literal(column)}, {hashes.pseudonym(text, [key])})"
            patches.append(f"CASE WHEN {text} IS NULL THEN '{{}}' ELSE {patch} END")
        found = "cells"
        for patch in patches:
            found = f"json_merge_patch({found}, {patch})"
        return f"CASE WHEN json_type(cells) = 'OBJECT' THEN CAST({found} AS VARCHAR) ELSE cells END"

    def _test(self, path: Path, person: Person) -> str:
        """The condition that a row is of the person; its value is the first parameter."""
        found, name = self._columns(path), person.column.name
        if found == _BROKEN:
            text = f"json_extract_string(cells, {literal(_path(name))})"
            whole = "json_type(cells) = 'VARCHAR' AND contains(json_extract_string(cells, '$'), $1)"
            return f"coalesce({_equal(text, person.column)} OR ({whole}), false)"
        if name not in found:
            return "(false AND $1 IS NULL)"
        return _equal(quote(name), person.column)

    def _columns(self, path: Path) -> set[str]:
        rows = self._run(f"DESCRIBE SELECT * FROM {_read(path)}", []).fetchall()
        return {str(row[0]) for row in rows}

    def _counts(self, query: str, parameters: list[str]) -> tuple[int, int]:
        rows, matching = self._run(query, parameters).fetchall()[0]
        return int(rows), int(matching)

    def _copy(self, query: str, target: Path, parameters: list[str]) -> None:
        self._run(f"COPY ({query}) TO {literal(str(target))} {_PARQUET}", parameters)

    def _run(self, query: str, parameters: list[str]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(query, parameters)
        except duckdb.Error as error:
            raise WarehouseError(f"stored rows cannot be read or written again: {error}") from error


def _equal(text: str, column: Column) -> str:
    """A stored value is the parameter: as text, or once both are of the column's type."""
    kind = sql_type(column.type)
    same = f"CAST({text} AS VARCHAR) = $1"
    typed = f"TRY_CAST({text} AS {kind}) = TRY_CAST($1 AS {kind})"
    return f"(coalesce({same}, false) OR coalesce({typed}, false))"


def _path(column: str) -> str:
    return '$."' + column.replace('"', '\\"') + '"'


def _read(path: Path) -> str:
    return f"read_parquet({literal(str(path))})"
