"""What a validation takes and gives: checks, outcomes, a verdict, and the port itself.

What belongs here: frozen values and the `Validator` protocol. What does not: evaluating
anything, and any import beyond the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Policy = Literal["block", "quarantine", "warn"]
Origin = Literal["key", "one_of", "expect"]
Result = Literal["pass", "fail", "error"]
Took = Literal["blocked", "quarantined", "warned", "none"]

FAILING_ROWS = 20
"""At most so many row numbers of failing rows are kept with an outcome."""

ROW = "_row"
"""The column of a typed file that numbers the rows of what was received, from 1."""

REASON = "_check"
"""The column of a quarantine file that names the failed checks of the row."""


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One check to evaluate.

    Attributes:
        type: a Great Expectations type in snake case, e.g. `expect_column_values_to_be_unique`.
        arguments: its arguments; numbers as `int` or `Decimal`, the rest plain JSON values.
        on_failure: what a failure does to the batch.
        origin: where the check was declared: the stream's key, a column's `one_of`, `expect`.
        label: a short name for people, e.g. `score between 0 and 100`.
        refused: why the check cannot be evaluated, where that is known beforehand; its
            outcome is then `error` with this text.
    """

    type: str
    arguments: Mapping[str, Any]
    on_failure: Policy
    origin: Origin
    label: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What one check found.

    Attributes:
        outcome: `error` means that it could not be evaluated: neither a pass nor a fail.
        evaluated: rows looked at (with a `row_condition`: the rows it selects).
        unexpected: rows that break a row-level check; None for a check of the whole batch.
        observed: what a check of the whole batch found, as a JSON value; floats are
            their shortest decimal text, lists are cut.
        message: one line for people: what was expected and what was found.
        row_numbers_sql: a DuckDB query for the `_row` of every unexpected row, over a
            relation named `batch`; for declared expectations `batch` stands for the rows
            that the contract checks kept. None where the check did not fail by rows.
        failing_rows: the lowest `_row` numbers of unexpected rows, at most 20.
        took: what the policy did.
        raw: Great Expectations' own result as JSON, without floats, and without the values
            it lists; a figure may be one (a highest value, the most common one).
    """

    spec: CheckSpec
    outcome: Result
    evaluated: int | None
    unexpected: int | None
    observed: Any
    message: str
    row_numbers_sql: str | None = None
    failing_rows: tuple[int, ...] = ()
    took: Took = "none"
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of every check of a batch, contract checks first, and the rows set aside.

    Attributes:
        quarantined_rows: distinct rows taken out; rows in = kept + quarantined.
        quarantine_file: Parquet: those rows in full and `_check`, the labels of the checks
            they failed, separated by `; `. None where no row was taken.
        kept_file: Parquet: the other rows, in their order. None where no row was taken; the
            typed file itself then holds the kept rows.
    """

    outcomes: tuple[CheckOutcome, ...]
    blocked: bool
    quarantined_rows: int
    quarantine_file: Path | None
    kept_file: Path | None


class Validator(Protocol):
    """Evaluates the checks of one batch at a time."""

    def start(self) -> None:
        """Get ready in the background; a call that comes early enough saves seconds later."""
        ...

    def validate(
        self,
        typed: Path,
        contract: Sequence[CheckSpec],
        expectations: Sequence[CheckSpec],
        out: Path,
    ) -> Verdict:
        """Evaluate `contract` on all rows, then `expectations` on the rows that it kept.

        Args:
            typed: a Parquet file with the contract's columns, typed, and `_row`; other
                columns whose name starts with `_` are carried along and not checked.
            contract: checks that stand for the stream's contract.
            expectations: the declared expectations.
            out: a folder for the kept and the quarantined rows; made if it is not there.

        Returns:
            Every outcome. A failure inside the evaluation is an `error` outcome, not an
            exception.
        """
        ...

    def close(self) -> None:
        """Give up what the validator holds; it may be used again afterwards."""
        ...


def blocks(spec: CheckSpec, outcome: Result) -> bool:
    """Whether that outcome of that check blocks the batch.

    An error blocks unless the check only warns: a batch that nobody could check is no
    better than one that failed.
    """
    if outcome == "error":
        return spec.on_failure != "warn"
    return outcome == "fail" and spec.on_failure == "block"


def action(spec: CheckSpec, outcome: Result) -> Took:
    """What the policy does on that outcome of that check."""
    if outcome == "pass":
        return "none"
    if blocks(spec, outcome):
        return "blocked"
    return "quarantined" if spec.on_failure == "quarantine" else "warned"
