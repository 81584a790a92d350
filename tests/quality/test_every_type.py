"""Every expectation type that may be declared, with a passing and a failing case."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from check_cases import CASES
from check_specs import check

from scoreline.quality.catalogue import NOT_OFFERED, TYPES, legal_types
from scoreline.quality.gx import GxValidator
from scoreline.quality.model import CheckOutcome

PAGE = Path(__file__).resolve().parents[2] / "docs" / "expectations.md"


@pytest.fixture(scope="module")
def judged(
    gx: GxValidator, batch: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, bool], CheckOutcome]:
    """The outcome of every case, all evaluated as one batch that only warns."""
    asked = [
        (name, passes, case.passes if passes else case.fails)
        for name, case in CASES.items()
        for passes in (True, False)
    ]
    checks = [check(name, "warn", **arguments) for name, _, arguments in asked]
    verdict = gx.validate(batch, [], checks, tmp_path_factory.mktemp("out"))
    return {(name, p): o for (name, p, _), o in zip(asked, verdict.outcomes, strict=True)}


@pytest.mark.parametrize("name", TYPES)
def test_passes(name: str, judged: Mapping[tuple[str, bool], CheckOutcome]) -> None:
    """Each legal type passes on data that keeps it."""
    outcome = judged[name, True]
    assert outcome.outcome == "pass", outcome.message


@pytest.mark.parametrize("name", TYPES)
def test_fails(name: str, judged: Mapping[tuple[str, bool], CheckOutcome]) -> None:
    """Each legal type fails on data that breaks it, and names the rows if it is row-level."""
    outcome = judged[name, False]
    assert outcome.outcome == "fail", outcome.message
    assert outcome.failing_rows == CASES[name].rows
    if TYPES[name].row_level:
        assert outcome.unexpected == len(CASES[name].rows)
        assert outcome.row_numbers_sql is not None


def test_every_type_has_a_case() -> None:
    """No legal type is without a passing and a failing case."""
    assert set(CASES) == set(TYPES)


def test_results_hold_no_floats(judged: Mapping[tuple[str, bool], CheckOutcome]) -> None:
    """Nothing in an outcome is a float, so that a record of it has one canonical form."""

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(floats(item) for item in value.values())
        if isinstance(value, list):
            return any(floats(item) for item in value)
        return isinstance(value, float)

    assert not [o.spec.type for o in judged.values() if floats(o.raw) or floats(o.observed)]


def test_catalogue_is_great_expectations_own() -> None:
    """Every type of the installed Great Expectations is legal or refused, and no other is."""
    spec = find_spec("great_expectations")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent / "expectations" / "core" / "__init__.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    imported = [n.names for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    theirs = {_snake(alias.name) for names in imported for alias in names}
    assert theirs == set(TYPES) | set(NOT_OFFERED)


def _snake(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", spaced).lower()


def test_page_lists_every_type() -> None:
    """docs/expectations.md has one row a legal type, and says which may quarantine."""
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: legal == "yes" for name, legal in rows} == dict(legal_types())
    assert len(rows) == len(TYPES)


def test_page_gives_reasons() -> None:
    """docs/expectations.md names every type that is not offered."""
    text = PAGE.read_text(encoding="utf-8")
    assert not [name for name in NOT_OFFERED if f"`{name}`" not in text]
