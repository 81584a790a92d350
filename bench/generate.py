"""Seeded CSV files and definitions of a workload.

What belongs here: rows, the same for the same seed and sizes, made in DuckDB. What does
not: names and sizes (workload), definitions (definitions).

    python -m bench.generate FOLDER --rows 5000000

Every cell is a function of the row's number and the seed through DuckDB's `hash`. Data
days are evenly spread; a row's number grows with its time, as exports do. An increment is
one hundredth of the rows: nine tenths on two new days, one tenth late, on any earlier day.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import duckdb

from bench.definitions import write_definitions
from bench.workload import (
    BASE_LAST,
    FIRST,
    INCREMENTS,
    STAGES,
    STATUSES,
    TEAMS,
    Workload,
    increment_days,
)

_LMS = """
SELECT n AS completion_id,
  'L' || lpad(CAST(h1 % {learners} AS VARCHAR), 7, '0') AS learner_id,
  {teams}[1 + h2 % {n_teams}] AS team,
  {courses}[1 + h3 % {n_courses}] AS course,
  CASE WHEN h4 % 100 < 70 THEN '{completed}' WHEN h4 % 100 < 82 THEN '{failed}'
    ELSE '{open}' END AS status,
  CASE WHEN h4 % 100 < 82 THEN CAST(CAST(h5 % 10001 AS DECIMAL(9,2)) / 100 AS DECIMAL(5,2))
    END AS score,
  h6 % 240 AS minutes,
  strftime({day} + INTERVAL 7 HOUR + INTERVAL 1 SECOND * CAST(h7 % 50400 AS INT),
    '%Y-%m-%d %H:%M:%S') AS completed_at
FROM ({hashed})
"""
_CRM = """
SELECT 'O' || lpad(CAST({known} AS VARCHAR), 8, '0') AS opportunity_id,
  {teams}[1 + {own} % {n_teams}] AS team,
  {products}[1 + ({own} // 12) % {n_products}] AS product,
  CASE WHEN h3 % 100 < 20 THEN '{s0}' WHEN h3 % 100 < 35 THEN '{s1}'
    WHEN h3 % 100 < 75 THEN '{s2}' ELSE '{s3}' END AS deal_stage,
  CASE WHEN h4 % 20000 = 0 THEN -1.00
    ELSE CAST(CAST(h4 % 10000000 AS DECIMAL(12,2)) / 100 AS DECIMAL(12,2)) END AS close_value,
  CAST({day} AS DATE) AS closed_on,
  strftime({day} + INTERVAL 8 HOUR + INTERVAL 1 SECOND * CAST(h5 % 36000 AS INT),
    '%Y-%m-%dT%H:%M:%S+0000') AS modified_at
FROM ({hashed})
"""


def generate(workload: Workload, folder: Path, seed: int = 1) -> None:
    """Write `okr_defs/`, `base/` and `increment-1/` … below `folder`; each has `lms/`, `crm/`.

    Args:
        workload: the sizes.
        folder: made where it is missing.
        seed: other seeds give other rows of the same shape.
    """
    write_definitions(workload, folder)
    with duckdb.connect() as connection:
        writer = _Writer(connection, workload, seed)
        writer.delivery(folder / "base", 0, (FIRST, BASE_LAST))
        for number in range(1, INCREMENTS + 1):
            writer.delivery(folder / f"increment-{number}", number, increment_days(number))


class _Writer:
    """Writes deliveries: 0 is the base, the others are increments."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, workload: Workload, seed: int):
        self._connection, self._workload, self._seed = connection, workload, seed

    def delivery(self, folder: Path, number: int, days: tuple[date, date]) -> None:
        """Every file of a delivery."""
        size = self._workload
        for name, rows, files in (
            ("lms", size.rows, size.lms_files),
            ("crm", size.crm_rows, size.crm_files),
        ):
            more = max(10, rows // 100)
            first = 1 if number == 0 else 1 + rows + more * (number - 1)
            count, files = (rows, files) if number == 0 else (more, 1)
            (folder / name).mkdir(parents=True, exist_ok=True)
            query = self._lms if name == "lms" else self._crm
            for part in range(files):
                low, high = first + count * part // files, first + count * (part + 1) // files
                day = _day(first, count, days, late=number > 0)
                self._write(folder / name / f"{number}-{part + 1:02d}.csv", query(low, high, day))

    def _write(self, path: Path, query: str) -> None:
        self._connection.execute(f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER true)")

    def _hashed(self, low: int, high: int, stream: int) -> str:
        hashes = ", ".join(
            f"{_hash('n', self._seed * 100 + stream * 10 + i)} AS h{i}" for i in range(1, 9)
        )
        return f"SELECT n, {hashes} FROM (SELECT unnest(range({low}, {high})) AS n)"

    def _lms(self, low: int, high: int, day: str) -> str:
        size = self._workload
        return _LMS.format(
            learners=size.learners,
            teams=list(TEAMS),
            n_teams=len(TEAMS),
            courses=list(size.courses),
            n_courses=len(size.courses),
            completed=STATUSES[0],
            failed=STATUSES[1],
            open=STATUSES[2],
            day=day,
            hashed=self._hashed(low, high, 1),
        )

    def _crm(self, low: int, high: int, day: str) -> str:
        # every tenth row is a later version of an earlier opportunity
        known = "CASE WHEN h1 % 10 = 0 THEN 1 + h2 % n ELSE n END"
        size = self._workload
        return _CRM.format(
            known=known,
            own=_hash(known, self._seed * 100 + 99),
            teams=list(TEAMS),
            n_teams=len(TEAMS),
            products=list(size.products),
            n_products=len(size.products),
            s0=STAGES[0],
            s1=STAGES[1],
            s2=STAGES[2],
            s3=STAGES[3],
            day=day,
            hashed=self._hashed(low, high, 2),
        )


def _hash(value: str, salt: int) -> str:
    # of one number: the hash of two arguments mixes them too little to be independent
    return f"CAST(hash(({value}) * 1000 + {salt}) >> 1 AS BIGINT)"


def _day(first: int, count: int, days: tuple[date, date], *, late: bool) -> str:
    """A row's day as SQL: by its number; in an increment every tenth is on an earlier day."""
    span = (days[1] - days[0]).days + 1
    new = f"(DATE '{days[0]}' + CAST((n - {first}) * {span} // {count} AS INT))"
    if not late:
        return new
    past = (BASE_LAST - FIRST).days + 1
    old = f"(DATE '{FIRST}' + CAST(h8 % {past} AS INT))"
    return f"CASE WHEN n % 10 = 0 THEN {old} ELSE {new} END"


def main() -> None:
    """Generate from the command line."""
    parser = argparse.ArgumentParser(description="Write a workload's CSV files and definitions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--metrics", type=int, default=200)
    parser.add_argument("--key-results", type=int, default=200)
    parser.add_argument("--files", type=int, default=4, help="files of the LMS stream")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    size = Workload(given.rows, given.metrics, given.key_results, given.files)
    generate(size, given.folder, given.seed)


if __name__ == "__main__":
    main()
