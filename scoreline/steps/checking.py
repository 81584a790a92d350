"""Check: every problem of the definitions, from all who know one.

What belongs here: putting together what definitions, measures, connectors, the lint and
the recorded data find. What does not: any rule itself, printing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scoreline.core.errors import Place, Problem
from scoreline.core.model import Plan
from scoreline.definitions.lint import Facts, lint
from scoreline.definitions.metric_tests import load_tests
from scoreline.definitions.vanished import vanished
from scoreline.measures.allowed import validate
from scoreline.measures.kept import outlasting
from scoreline.quality.catalogue import legal_types, misuse, why_not
from scoreline.quality.checks import checks_for
from scoreline.quality.model import CheckSpec
from scoreline.steps.measuring import usable_plan
from scoreline.steps.planning import OptionsCheck, load_plan
from scoreline.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the record knows that the definitions can be held against."""

    facts: Facts
    key_results: tuple[str, ...]


RecordedFacts = Callable[[Path, Plan], Recorded | None]


def all_problems(root: Path, options_check: OptionsCheck, recorded: RecordedFacts) -> list[Problem]:
    """Every error and warning, in the order of their places.

    Raises:
        DefinitionError: there is no usable organisation file.
    """
    loaded = load_plan(root, options_check)
    found = list(loaded.problems)
    found += _models(loaded.plan, root)
    found += _expectations(loaded.plan)
    found += load_tests(root, loaded.plan)[1]
    found += _templates(root)
    known = recorded(root, loaded.plan)
    found += lint(loaded.plan, known.facts if known else None)
    found += outlasting(loaded.plan)
    if known is not None:
        found += vanished(loaded.plan, loaded.problems, known.key_results)
    return sorted(dict.fromkeys(found), key=lambda p: (p.place, p.code))


def _models(plan: Plan, root: Path) -> list[Problem]:
    """What DuckDB refuses of the models, tried on empty tables in memory."""
    if not plan.models:
        return []
    with Warehouse(None, plan.organisation.timezone, root) as warehouse:
        warehouse.prepare(plan.streams.values())
        _, columns, errors = usable_plan(plan, warehouse)
    found = validate(plan, columns)
    placed = {p.scope for p in found}
    for scope, words in errors.items():
        if scope in placed:
            continue
        kind, _, name = scope.partition(" ")
        thing = plan.models.get(f"models.{name}") if kind == "model" else plan.metrics.get(name)
        place = thing.place if thing is not None else Place("okr_defs")
        found.append(Problem("error", "sql", place, words, scope=scope))
    return found


def _expectations(plan: Plan) -> list[Problem]:
    """Checks that are known beforehand not to be evaluable."""
    found = []
    for stream in plan.streams.values():
        contract, declared = checks_for(stream)
        places = [*(stream.place for _ in contract), *(e.place for e in stream.expect)]
        for spec, place in zip([*contract, *declared], places, strict=True):
            words = _not_evaluable(spec)
            if words:
                scope = f"stream {stream.full_name}"
                found.append(Problem("error", "expectation", place, words, spec.type, scope=scope))
    return found


def _templates(root: Path) -> list[Problem]:
    """What is wrong with the project's own message templates."""
    from scoreline.notify.rendering import Renderer  # brings in Jinja

    return [
        Problem("error", "template", Place(f.file, f.line, 1 if f.line else 0), str(f))
        for f in Renderer(root).faults()
    ]


def _not_evaluable(spec: CheckSpec) -> str:
    """Why a check would end in an error; empty if it need not."""
    words = spec.refused or why_not(spec.type) or misuse(spec.type, spec.arguments)
    if not words and spec.on_failure == "quarantine" and not legal_types()[spec.type]:
        return (
            f"{spec.type} judges the batch as a whole: rows cannot be quarantined by it; "
            "legal: on_failure: block or warn"
        )
    return words
