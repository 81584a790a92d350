"""Great Expectations itself: a list of checks evaluated on one DuckDB view.

What belongs here: everything that imports great_expectations, apart from the metrics it
lacks. What does not: policies, quarantine, wording. All checks run together, so that their
counts share scans; Great Expectations then gives one failing query to every check that
shared it, so each check without a result runs once more by itself.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.core.batch import Batch
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.legacy_row_conditions import parse_condition_to_sqlalchemy
from great_expectations.expectations.row_conditions import deserialize_row_condition
from great_expectations.validator.validator import Validator

import scoreline.quality.metrics  # noqa: F401  registers the metrics that DuckDB lacks
from scoreline.core.errors import CheckError
from scoreline.quality.arguments import plain_number

RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Counts and observed values, and no data value of a row."""

_LEFT_OUT = ("partial_", "unexpected_list", "unexpected_index", "unexpected_rows")
_EXACT_FLOATS = 2**53
_WIDEST = Decimal("1e38")
_EXCEPTION = re.compile(r"\((?:_?duckdb|builtins)\.\w+\) ")


@dataclass(frozen=True, slots=True)
class Finding:
    """Great Expectations' answer on one check; `success` is None where there is none."""

    success: bool | None
    result: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


Check = tuple[str, Mapping[str, Any]]
"""A type and its arguments."""


class Expectations:
    """Evaluates checks; made once for a process, as its context costs a little."""

    def __init__(self) -> None:
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(
            globally=False, metric_calculations=False
        )

    def run(self, engine: sa.Engine, view: str, checks: Sequence[Check]) -> list[Finding]:
        """The findings on a view, in the order of the checks."""
        validator = self._validator(engine, view)
        found: dict[int, Finding] = {}
        configurations = {}
        for number, (name, arguments) in enumerate(checks):
            try:
                configurations[number] = _configure(number, name, arguments)
            except Exception as error:
                found[number] = Finding(None, problem=_first_lines(str(error)))
        together = [n for n in configurations if not _needs_exactness(checks[n][1])]
        found |= _evaluate(validator, {n: configurations[n] for n in together}, checks)
        for number, configuration in configurations.items():
            if number not in found or (len(together) > 1 and found[number].success is None):
                found |= _evaluate(validator, {number: configuration}, checks)
        return [found[number] for number in range(len(checks))]

    def _validator(self, engine: sa.Engine, view: str) -> Validator:
        execution = SqlAlchemyExecutionEngine(engine=engine)
        data: Any = SqlAlchemyBatchData(execution, table_name=view)
        return Validator(
            execution_engine=execution, batches=[Batch(data=data)], data_context=self._context
        )


def registered_types() -> list[str]:
    """Every expectation type that this Great Expectations has."""
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    return sorted(list_registered_expectation_implementations())


def row_condition_sql(engine: sa.Engine, arguments: Mapping[str, Any]) -> str:
    """A check's `row_condition` in SQL, as Great Expectations understands it; "" for none.

    Raises:
        CheckError: it cannot be understood.
    """
    condition = arguments.get("row_condition")
    if condition is None:
        return ""
    try:
        if isinstance(condition, str):
            clause = parse_condition_to_sqlalchemy(condition)
        else:
            parsed: Any = deserialize_row_condition(_native(condition))
            clause = SqlAlchemyExecutionEngine(engine=engine).condition_to_filter_clause(parsed)
        return str(clause.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True}))
    except Exception as error:
        raise CheckError(f"row_condition cannot be used: {_first_lines(str(error))}") from error


def _configure(number: int, name: str, arguments: Mapping[str, Any]) -> ExpectationConfiguration:
    kwargs = {key: _native(value) for key, value in arguments.items()}
    if isinstance(kwargs.get("row_condition"), str):
        kwargs.setdefault("condition_parser", "great_expectations")
    configuration = ExpectationConfiguration(type=name, kwargs=kwargs, meta={"check": number})
    configuration.to_domain_obj()
    return configuration


def _evaluate(
    validator: Validator,
    configurations: Mapping[int, ExpectationConfiguration],
    checks: Sequence[Check],
) -> dict[int, Finding]:
    if not configurations:
        return {}
    engine: Any = validator.execution_engine
    try:
        engine.dialect.exact = _exact_numbers(checks[number][1] for number in configurations)
        results = validator.graph_validate(
            list(configurations.values()), runtime_configuration={"result_format": RESULT_FORMAT}
        )
    except Exception as error:
        return dict.fromkeys(configurations, Finding(None, problem=_first_lines(str(error))))
    return {_number(result): _finding(result) for result in results}


def _number(result: Any) -> int:
    return int(result.expectation_config.meta["check"])


def _finding(result: Any) -> Finding:
    problem = _problem(result.exception_info or {})
    if problem:
        return Finding(None, problem=problem)
    return Finding(bool(result.success), _jsonable(dict(result.result)))


def _problem(info: Mapping[Any, Any]) -> str:
    """The first exception message in either of the two shapes that Great Expectations uses."""
    if "raised_exception" in info:
        raised = info["raised_exception"]
        return _first_lines(str(info.get("exception_message"))) if raised else ""
    messages = [dict(one).get("exception_message") for one in info.values()]
    return _first_lines(str(messages[0])) if messages else ""


def _first_lines(text: str) -> str:
    """An exception's text without its traceback and without the SQL it quotes."""
    for end in ("Traceback (most recent call", "[SQL:", "(Background on this error", "LINE 1:"):
        text = text.split(end)[0]
    text = _EXCEPTION.sub("", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines)[:400] or "no reason was given"


def _native(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _native(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_native(item) for item in value]
    return plain_number(value)


def _numbers(value: Any) -> Iterable[Decimal | int]:
    if isinstance(value, bool):
        return
    if isinstance(value, (int, Decimal)):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item)


def _exact_numbers(arguments: Iterable[Mapping[str, Any]]) -> dict[float, int | Decimal]:
    """What each float stands for that Great Expectations makes of these arguments' numbers.

    Raises:
        CheckError: two different numbers become one float.
    """
    exact: dict[float, int | Decimal] = {}
    for number in _numbers(list(arguments)):
        if abs(Decimal(number)) < _WIDEST:
            plain = plain_number(number)
            if exact.setdefault(float(plain), plain) != plain:
                raise CheckError(
                    f"{plain} and {exact[float(plain)]} are too close together to be told apart"
                )
    return exact


def _needs_exactness(arguments: Mapping[str, Any]) -> bool:
    """Whether a number in there might become the same float as a number of another check."""
    numbers = [Decimal(number) for number in _numbers(arguments)]
    return any(abs(n) >= _EXACT_FLOATS or Decimal(repr(float(n))) != n for n in numbers)


def _jsonable(value: Any) -> Any:
    """A result as JSON without data values of rows, lists cut, floats as their shortest text."""
    if isinstance(value, Mapping):
        return {
            str(key): _jsonable(item)
            for key, item in value.items()
            if not str(key).startswith(_LEFT_OUT) and "percent" not in str(key)
        }
    if isinstance(value, (list, tuple, set)):
        return [_jsonable(item) for item in list(value)[:20]]
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
