"""One batch judged: every check's outcome, what the policy does, the rows set aside.

What belongs here: the order of the two rounds, the three outcomes, and the agreement of
two counts. What does not: Great Expectations (evaluate), DuckDB (split), SQL (predicates).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from scoreline.core.errors import CheckError
from scoreline.quality.arguments import read_arguments
from scoreline.quality.catalogue import TYPES, columns_named, misuse, why_not
from scoreline.quality.dialect import sqlalchemy_engine
from scoreline.quality.evaluate import Expectations, Finding, row_condition_sql
from scoreline.quality.model import (
    ROW,
    CheckOutcome,
    CheckSpec,
    Result,
    Verdict,
    action,
    blocks,
)
from scoreline.quality.predicates import BATCH, predicate
from scoreline.quality.split import CHECKED, Batch
from scoreline.quality.wording import (
    error_sentence,
    observed_sentence,
    pass_sentence,
    rows_sentence,
)


class Judge:
    """Judges batches, one after the other."""

    def __init__(self) -> None:
        self._expectations = Expectations()

    def validate(
        self,
        typed: Path,
        contract: Sequence[CheckSpec],
        expectations: Sequence[CheckSpec],
        out: Path,
    ) -> Verdict:
        """Evaluate the checks of one batch (`model.Validator`).

        Raises:
            CheckError: the typed file is not one, or the rows do not add up.
        """
        batch = Batch(typed, out)
        try:
            outcomes = self._round(batch, contract)
            batch.refresh()
            outcomes += self._round(batch, expectations)
            taken = batch.rows_taken()
            kept, quarantined = batch.write() if taken else (None, None)
        finally:
            batch.close()
        blocked = any(blocks(o.spec, o.outcome) for o in outcomes)
        return Verdict(tuple(outcomes), blocked, taken, quarantined, kept)

    def _round(self, batch: Batch, specs: Sequence[CheckSpec]) -> list[CheckOutcome]:
        engine = sqlalchemy_engine(batch.connection)
        legal: dict[int, Mapping[str, Any]] = {}
        outcomes: dict[int, CheckOutcome] = {}
        for number, spec in enumerate(specs):
            try:
                legal[number] = _prepare(spec, batch.types)
            except CheckError as error:
                outcomes[number] = error_outcome(spec, str(error))
        checks = [(specs[n].type, arguments) for n, arguments in legal.items()]
        findings = self._expectations.run(engine, CHECKED, checks) if checks else []
        for (number, arguments), finding in zip(legal.items(), findings, strict=True):
            one = _One(batch, engine, specs[number], arguments)
            outcomes[number] = one.outcome(finding)
        return [outcomes[number] for number in range(len(specs))]


def error_outcome(
    spec: CheckSpec, reason: str, raw: Mapping[str, Any] | None = None
) -> CheckOutcome:
    """The outcome of a check that could not be evaluated."""
    return CheckOutcome(
        spec,
        "error",
        evaluated=None,
        unexpected=None,
        observed=None,
        message=error_sentence(spec.label, reason),
        took=action(spec, "error"),
        raw=raw or {"problem": reason},
    )


class _One:
    """One check on a batch, once Great Expectations has answered."""

    def __init__(
        self, batch: Batch, engine: sa.Engine, spec: CheckSpec, arguments: Mapping[str, Any]
    ) -> None:
        self._batch, self._engine = batch, engine
        self._spec, self._arguments = spec, arguments

    def outcome(self, finding: Finding) -> CheckOutcome:
        spec = self._spec
        if finding.success is None:
            return error_outcome(spec, finding.problem)
        raw = {"type": spec.type, "success": finding.success, "result": dict(finding.result)}
        try:
            if not TYPES[spec.type].row_level:
                return self._of_the_whole(finding, raw)
            if finding.success:
                return self._passed(finding, raw)
            return self._failed(finding, raw)
        except CheckError as error:
            return error_outcome(spec, str(error), raw)

    def _of_the_whole(self, finding: Finding, raw: Mapping[str, Any]) -> CheckOutcome:
        spec, observed = self._spec, finding.result.get("observed_value")
        result: Result = "pass" if finding.success else "fail"
        return CheckOutcome(
            spec,
            result,
            evaluated=self._evaluated(finding),
            unexpected=finding.result.get("unexpected_count"),
            observed=observed,
            message=observed_sentence(spec.label, observed, result),
            took=action(spec, result),
            raw=raw,
        )

    def _passed(self, finding: Finding, raw: Mapping[str, Any]) -> CheckOutcome:
        unexpected = int(finding.result.get("unexpected_count") or 0)
        evaluated = self._evaluated(finding)
        message = pass_sentence(self._spec.label, unexpected, evaluated)
        return CheckOutcome(self._spec, "pass", evaluated, unexpected, None, message, raw=raw)

    def _failed(self, finding: Finding, raw: Mapping[str, Any]) -> CheckOutcome:
        spec, evaluated = self._spec, self._evaluated(finding)
        where = row_condition_sql(self._engine, self._arguments)
        condition = predicate(spec.type, self._arguments, where)
        count, rows = self._matching(condition)
        theirs = finding.result.get("unexpected_count")
        if count != theirs:
            raise CheckError(
                f"its own condition finds {count:,} rows and Great Expectations {theirs}; "
                "no row was taken"
            )
        if spec.on_failure == "quarantine":
            self._batch.take(condition, spec.label)
        return CheckOutcome(
            spec,
            "fail",
            evaluated,
            count,
            None,
            message=rows_sentence(spec.label, spec.type, count, evaluated, rows),
            row_numbers_sql=f"SELECT {ROW} FROM {BATCH} WHERE {condition}",
            failing_rows=rows,
            took=action(spec, "fail"),
            raw=raw,
        )

    def _matching(self, condition: str) -> tuple[int, tuple[int, ...]]:
        try:
            return self._batch.matching(condition)
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise CheckError(f"its rows cannot be found: {str(error).splitlines()[0]}") from error

    def _evaluated(self, finding: Finding) -> int:
        return int(finding.result.get("element_count", self._batch.rows_seen))


def _prepare(spec: CheckSpec, columns: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of a check that can be evaluated.

    Raises:
        CheckError: it cannot, and why.
    """
    problem = spec.refused or why_not(spec.type) or misuse(spec.type, spec.arguments)
    if problem:
        raise CheckError(problem)
    for name in columns_named(spec.type, spec.arguments):
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(columns)}"
            raise CheckError(f"the batch has no column {name}{hint}")
    if spec.on_failure == "quarantine" and not TYPES[spec.type].row_level:
        raise CheckError(
            "on_failure: quarantine needs a check that judges single rows, and this one judges "
            "the batch as a whole; use block or warn"
        )
    return read_arguments(spec.type, spec.arguments, columns)
