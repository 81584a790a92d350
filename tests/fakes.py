"""Stand-ins that implement a port of the product, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from scoreline.quality.model import CheckOutcome, CheckSpec, Verdict, action, blocks
from scoreline.quality.predicates import predicate

FAKED = (
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_unique",
    "expect_compound_columns_to_be_unique",
)


class PassingValidator:
    """A `Validator` in this process, without Great Expectations.

    It evaluates the types in `FAKED`, with their policies and both rounds; every other
    type passes. `calls` holds the typed files that were given, in order.
    """

    def __init__(self) -> None:
        self.calls: list[Path] = []
        self.closed = False

    def start(self) -> None:
        """Nothing to start."""

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def validate(
        self,
        typed: Path,
        contract: Sequence[CheckSpec],
        expectations: Sequence[CheckSpec],
        out: Path,
    ) -> Verdict:
        """Evaluate the checks of one batch."""
        self.calls.append(typed)
        out.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(
                f"CREATE TABLE batch AS SELECT *, NULL::VARCHAR AS _check, "
                f"row_number() OVER () AS _n FROM {_file(typed)}"
            )
            connection.execute("CREATE TABLE aside AS FROM batch WHERE false")
            outcomes: list[CheckOutcome] = []
            for specs in (contract, expectations):
                outcomes += [_one(connection, spec) for spec in specs]
                for outcome in outcomes[len(outcomes) - len(specs) :]:
                    _mark(connection, outcome)
                connection.execute("INSERT INTO aside FROM batch WHERE _check IS NOT NULL")
                connection.execute("DELETE FROM batch WHERE _check IS NOT NULL")
            taken = connection.execute("SELECT count(*) FROM aside").fetchall()[0][0]
            kept = quarantined = None
            if taken:
                kept, quarantined = out / "kept.parquet", out / "quarantined.parquet"
                _copy(connection, "SELECT * EXCLUDE (_n, _check) FROM batch ORDER BY _n", kept)
                _copy(connection, "SELECT * EXCLUDE (_n) FROM aside ORDER BY _n", quarantined)
        blocked = any(blocks(o.spec, o.outcome) for o in outcomes)
        return Verdict(tuple(outcomes), blocked, taken, quarantined, kept)


def _file(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "')"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    target = str(path).replace("'", "''")
    connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet)")


def _one(connection: duckdb.DuckDBPyConnection, spec: CheckSpec) -> CheckOutcome:
    rows: tuple[int, ...] = ()
    sql: str | None = None
    if spec.type in FAKED:
        sql = f"SELECT _row FROM batch WHERE {predicate(spec.type, spec.arguments)}"
        rows = tuple(row for (row,) in connection.execute(f"{sql} ORDER BY _row").fetchall())
    [(evaluated,)] = connection.execute("SELECT count(*) FROM batch").fetchall()
    outcome: Any = "fail" if rows else "pass"
    return CheckOutcome(
        spec,
        outcome,
        evaluated,
        len(rows),
        observed=None,
        message=f"{spec.label}: {len(rows)} of {evaluated} rows",
        row_numbers_sql=sql if rows else None,
        failing_rows=rows[:20],
        took=action(spec, outcome),
    )


def _mark(connection: duckdb.DuckDBPyConnection, outcome: CheckOutcome) -> None:
    if outcome.took != "quarantined":
        return
    label = outcome.spec.label.replace("'", "''")
    condition = predicate(outcome.spec.type, outcome.spec.arguments)
    connection.execute(
        f"UPDATE batch SET _check = concat_ws('; ', _check, '{label}') WHERE {condition}"
    )
