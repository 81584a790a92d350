"""Tests of metrics: `okr_defs/tests/*.yaml`, read and held against the plan.

What belongs here: finding the files, and every mistake in them. What does not: running a
test (steps.testing). A mistake in a test breaks no metric and no run: only `check` and
`test` read these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from scoreline.core.errors import Place, Problem
from scoreline.core.model import Filter, Metric, Plan, Stream
from scoreline.definitions.canonical import metric_closure, relation_closure
from scoreline.definitions.documents import Document
from scoreline.definitions.findings import Entry
from scoreline.definitions.project import documents_of
from scoreline.definitions.reading import split_file
from scoreline.definitions.resolve_kinds import as_filter
from scoreline.definitions.spec_base import listed, nearest
from scoreline.definitions.specs_tests import (
    NO_VALUE,
    ExpectedSpec,
    MetricTestSpec,
    TestsHead,
    TestsSpec,
)

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a test expects: no value at all, or those of the three numbers that are given.

    `value` is in shown units (a share in percent) and compared at as many decimals as are
    written; numerator and denominator are compared exactly.
    """

    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    no_value: bool = False


@dataclass(frozen=True, slots=True)
class MetricTest:
    """One test. `rows` are by the stream's full name; a stream without any is empty.

    `expected` is by segment: ("", "") for the whole, else (dimension, value).
    """

    name: str
    title: str | None
    place: Place
    metric: str
    as_of: date
    cycle: str | None
    filter: Filter
    rows: Mapping[str, tuple[Row, ...]]
    expected: Mapping[tuple[str, str], Expected]

    @property
    def topic(self) -> str:
        """The file's name without its ending."""
        return Path(self.place.file).stem


def load_tests(root: Path, plan: Plan) -> tuple[list[MetricTest], list[Problem]]:
    """Every test that is in order, and every mistake in the tests' files.

    Args:
        root: the project's folder.
        plan: its definitions.
    """
    problems: list[Problem] = []
    found = []
    for document in documents_of(root, "tests", problems):
        found += _of_file(document, plan, problems)
    return found, problems


def _of_file(document: Document, plan: Plan, problems: list[Problem]) -> list[MetricTest]:
    file = Entry(document, (), "", problems)
    _, inner = split_file(file, TestsHead, TestsSpec, "tests")
    found = []
    for name, data in inner.items():
        entry = file.inner(("tests", name), f"test {name}")
        entry.adopt()
        spec = entry.read(MetricTestSpec, data)
        if spec is not None and entry.ok:
            test = _resolved(entry, name, spec, plan)
            found += [test] if entry.ok and test is not None else []
    return found


def _resolved(entry: Entry, name: str, spec: MetricTestSpec, plan: Plan) -> MetricTest | None:
    metric = plan.metrics.get(spec.metric)
    if metric is None:
        message = f"there is no metric {spec.metric}, or it is in error"
        hint = nearest(spec.metric, plan.metrics)
        entry.error("unknown-reference", message, "metric", legal=listed(plan.metrics), hint=hint)
        return None
    _check_cycle(entry, spec, plan)
    _check_rows(entry, spec, plan)
    dimensions = _dimensions(plan, metric)
    for at, keys in (("filter", spec.filter), ("expect_by", spec.expect_by)):
        for key in keys:
            if key not in dimensions:
                message = f"the metric {metric.name} has no dimension {key}"
                legal, hint = listed(dimensions) or "none is declared", nearest(key, dimensions)
                entry.error(
                    "unknown-dimension", message, at, key, legal=legal, hint=hint, on_key=True
                )
    expected = _expected(spec)
    if not expected:
        entry.error("missing-key", "expect is missing", legal="expect: 42, or expect_by: {…}")
    if Expected() in expected.values():
        entry.error(
            "missing-key", "nothing is expected here", legal="value, numerator, denominator"
        )
    rows = {stream: tuple(given) for stream, given in spec.rows.items()}
    return MetricTest(
        name, spec.title, entry.place, metric.name, spec.as_of, spec.cycle,
        as_filter(spec.filter), rows, expected,
    )  # fmt: skip


def _check_cycle(entry: Entry, spec: MetricTestSpec, plan: Plan) -> None:
    cycles = plan.organisation.cycles
    if spec.cycle is not None and spec.cycle not in cycles:
        message = f"there is no cycle {spec.cycle}"
        hint = nearest(spec.cycle, cycles)
        entry.error("unknown-reference", message, "cycle", legal=listed(cycles), hint=hint)


def _check_rows(entry: Entry, spec: MetricTestSpec, plan: Plan) -> None:
    """Each stream is one that the metric reads, each cell one of its columns."""
    used = metric_closure(plan, [spec.metric])
    read = relation_closure(plan, (m.from_ for m in used.values() if m.from_))
    legal = [name for name in read if name in plan.streams]
    for name, rows in spec.rows.items():
        if name not in legal:
            message = f"the metric {spec.metric} reads no stream {name}"
            hint = nearest(name, legal)
            entry.error(
                "unknown-reference", message, "rows", name, legal=listed(legal), hint=hint,
                on_key=True,
            )  # fmt: skip
            continue
        columns = _columns(plan.streams[name])
        for number, row in enumerate(rows):
            for column in row:
                if column not in columns:
                    message = f"the stream {name} has no column {column}"
                    hint = nearest(column, columns)
                    entry.error(
                        "unknown-column", message, "rows", name, number, column,
                        legal=listed(columns, 40), hint=hint, on_key=True,
                    )  # fmt: skip


def _columns(stream: Stream) -> list[str]:
    return [c.name for c in stream.columns if c.personal != "drop"]


def _dimensions(plan: Plan, metric: Metric) -> list[str]:
    """The dimensions that every measured part of a metric declares."""
    parts = [m for m in metric_closure(plan, [metric.name]).values() if m.measure is not None]
    first = parts[0].dimensions if parts else ()
    return [d for d in first if all(d in part.dimensions for part in parts)]


def _expected(spec: MetricTestSpec) -> dict[tuple[str, str], Expected]:
    found: dict[tuple[str, str], Expected] = {}
    if spec.expect is not None:
        found["", ""] = _one(spec.expect)
    for dimension, segments in spec.expect_by.items():
        for segment, expected in segments.items():
            found[dimension, segment] = _one(expected)
    return found


def _one(spec: Any) -> Expected:
    if isinstance(spec, ExpectedSpec):
        return Expected(spec.value, spec.numerator, spec.denominator)
    return Expected(no_value=True) if spec == NO_VALUE else Expected(spec)
