"""Every kind of key result, curve and roll-up of a random project, against the oracle."""

from __future__ import annotations

from datetime import date

import pytest
from judge_compare import key_results, lines, wrong_key_results, wrong_lines
from judge_kinds import World
from judge_projects import Outside
from judge_written import write

DAYS = ["2025-12-20", "2026-01-01", "2026-01-15", "2026-04-01", "2026-06-30", "2026-07-01"]


@pytest.fixture(scope="module")
def random_project(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Outside]:
    """A random project that ran once."""
    world, project = World(11), Outside(tmp_path_factory.mktemp("kinds"))
    write(world, project)
    project.run("2026-04-01")
    return world, project


@pytest.mark.parametrize("day", DAYS)
def test_every_field_on_a_day(random_project: tuple[World, Outside], day: str) -> None:
    """Before the start, on it, within grace, in the middle, on the due day and after it."""
    world, project = random_project
    a = date.fromisoformat(day)
    answers = key_results(world, a)
    wrong = wrong_key_results(world, answers, project.status(day))
    wrong += wrong_lines(lines(world, answers, a), project.status(day, "--objectives"))
    assert wrong == []
