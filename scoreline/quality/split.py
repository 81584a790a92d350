"""A batch in DuckDB, and its division into kept and quarantined rows.

What belongs here: the views over the typed file, the rows that checks took, and the two
Parquet files. What does not: which rows to take (predicates) and why (judge).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duckdb_engine import ConnectionWrapper

from scoreline.core.durable import sync
from scoreline.core.errors import CheckError
from scoreline.quality.dialect import connect
from scoreline.quality.model import FAILING_ROWS, REASON, ROW
from scoreline.quality.predicates import BATCH, literal, quote

CHECKED = "checked_rows"
"""The view that Great Expectations sees: the batch without the columns that are ours."""

KEPT, QUARANTINED = "kept.parquet", "quarantined.parquet"

_NUMBER = "file_row_number"
_PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


class Batch:
    """The rows of one typed file, less those that checks have taken."""

    def __init__(self, typed: Path, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.connection: ConnectionWrapper = connect(typed, out)
        self._file = f"read_parquet({literal(str(typed))}, file_row_number = true)"
        self._out = out
        described = self._all(f"DESCRIBE SELECT * EXCLUDE ({_NUMBER}) FROM {self._file}")
        self._columns = [str(row[0]) for row in described]
        if ROW not in self._columns:
            raise CheckError(f"{typed} has no column {ROW}")
        self.types = {str(r[0]): str(r[1]) for r in described if not str(r[0]).startswith("_")}
        self.rows_in = self._count(f"SELECT count(*) FROM {self._file}")
        self._run("CREATE TABLE taken (number BIGINT, reason INTEGER, round INTEGER)")
        self._labels: list[str] = []
        self._round = 0
        self.refresh()

    def refresh(self) -> None:
        """Begin a new round, whose checks do not see the rows that were taken before.

        Rows are told apart by their number in the file; `_row` may repeat.
        """
        self._round += 1
        gone = f"SELECT number FROM taken WHERE round < {self._round}"
        left = f"WHERE {_NUMBER} NOT IN ({gone})" if self.rows_taken() else ""
        seen = ", ".join(quote(name) for name in self.types) or "NULL AS nothing"
        self._run(f"CREATE OR REPLACE VIEW {BATCH} AS SELECT * FROM {self._file} {left}")
        self._run(f"CREATE OR REPLACE VIEW {CHECKED} AS SELECT {seen} FROM {BATCH}")
        self.rows_seen = self.rows_in - self.rows_taken()

    def matching(self, condition: str) -> tuple[int, tuple[int, ...]]:
        """How many rows a condition finds, and the lowest of their row numbers."""
        [(count, rows)] = self._all(
            f"SELECT count(*), min({ROW}, {FAILING_ROWS}) FROM {BATCH} WHERE {condition}"
        )
        return int(count), tuple(int(row) for row in rows or () if row is not None)

    def take(self, condition: str, label: str) -> None:
        """Mark the rows that a condition finds as taken by the check of that label."""
        self._labels.append(label)
        self._run(
            f"INSERT INTO taken SELECT {_NUMBER}, {len(self._labels)}, {self._round} "
            f"FROM {BATCH} WHERE {condition}"
        )

    def rows_taken(self) -> int:
        """How many distinct rows have been taken."""
        return self._count("SELECT count(DISTINCT number) FROM taken")

    def write(self) -> tuple[Path, Path]:
        """Write the kept and the quarantined rows, both in their order.

        Returns:
            The kept file and the quarantine file.

        Raises:
            CheckError: rows in and rows out differ.
        """
        self.refresh()
        kept, quarantined = self._out / KEPT, self._out / QUARANTINED
        columns = ", ".join(quote(name) for name in self._columns)
        texts = ", ".join(literal(label) for label in self._labels)
        labels = (
            "SELECT number, array_to_string(list_transform(list_sort(list(reason)), "
            f"lambda r: [{texts}][r]), '; ') AS {REASON} FROM taken GROUP BY number"
        )
        # DuckDB writes rows in the order of the file (preserve_insertion_order): no sort
        written = self._copy(f"SELECT {columns} FROM {BATCH}", kept)
        aside = self._copy(
            f"SELECT {columns}, {REASON} FROM {self._file} AS f JOIN ({labels}) AS t "
            f"ON f.{_NUMBER} = t.number ORDER BY {_NUMBER}",
            quarantined,
        )
        if written + aside != self.rows_in or aside != self.rows_taken():
            raise CheckError(
                f"{self.rows_in} rows came in, but {written} were kept and {aside} quarantined"
            )
        return kept, quarantined

    def close(self) -> None:
        """Close DuckDB and remove what it spilled."""
        self.connection.close()
        spill = self._out / ".spill"
        if spill.is_dir() and not any(spill.iterdir()):
            spill.rmdir()

    def _copy(self, query: str, target: Path) -> int:
        """Write a query's rows to Parquet aside, sync, count them there, and rename."""
        aside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        path = literal(str(aside))
        try:
            self._run(f"COPY ({query}) TO {path} {_PARQUET}")
            rows = self._count(f"SELECT count(*) FROM read_parquet({path})")
            sync(aside)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
        sync(target.parent)
        return rows

    def _run(self, statement: str) -> None:
        self.connection.execute(statement)

    def _all(self, query: str) -> Sequence[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(query).fetchall()
        return rows

    def _count(self, query: str) -> int:
        [(count,)] = self._all(query)
        return int(count)
