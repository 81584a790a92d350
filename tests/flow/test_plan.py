"""Plan: what changed definitions would do, shown first; a run then records exactly that."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flow_builders import Clock, Small

from scoreline.core.errors import UsageError
from scoreline.example.__main__ import main as write_example
from scoreline.steps.change.proposal import Proposal, propose
from scoreline.steps.evaluating import same_content
from scoreline.warehouse.lock import project_lock
from scoreline.wiring import open_project

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 11, 20)
SALES = "okr_defs/objectives/2026-H2/sales.yaml"
OPERATIONS = "okr_defs/objectives/2026-H2/operations.yaml"
METRICS = "okr_defs/metrics/operations.yaml"
FINANCE = "okr_defs/sources/finance.yaml"
CRM = "okr_defs/sources/crm.yaml"
NEW = """\
      few-tickets:
        title: A new one
        metric: phone_tickets
        baseline: 100
        target: 20
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example organisation after a run; of weekly exports only the newest, to be quick."""
    root = tmp_path_factory.mktemp("recorded")
    shutil.copytree(ROOT / "okr_defs", root / "okr_defs")
    assert write_example([str(root / "data")]) == 0
    for source in ("helpdesk", "moodle", "survey"):
        for old in sorted((root / "data" / source).iterdir())[:-5]:
            old.unlink()
    Small(root).run()
    return root


@pytest.fixture
def example(recorded: Path, tmp_path: Path) -> Small:
    """A copy of it, to change."""
    root = tmp_path / "project"
    shutil.copytree(recorded, root)
    return Small(root, clock=Clock(datetime(2026, 11, 22, 9, tzinfo=UTC)))


def _edit(small: Small, name: str, old: str, new: str) -> None:
    path = small.root / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{name} has no {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _propose(small: Small, against: str | None = None) -> Proposal:
    project = open_project(
        small.root, validator=small.validator, clock=small.clock, as_written=True
    )
    try:
        return propose(project, against)
    finally:
        project.store.close()


def _state(root: Path) -> dict[str, str]:
    """Every file of the project's state by content; not what only locks and reading leave."""
    ignored = ("lock", "control.db-shm", "control.db-wal")
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted((root / ".scoreline").rglob("*"))
        if p.is_file() and p.name not in ignored
    }


CASES: dict[str, Callable[[Small], None]] = {
    "a changed target": lambda s: _edit(s, SALES, "target: 120", "target: 110"),
    "a changed filter": lambda s: _edit(s, SALES, "GTX Pro}", "GTX Basic}"),
    "a changed condition": lambda s: _edit(s, METRICS, "system = 'CRM'", "system = 'LMS'"),
    "a removed column": lambda s: _edit(s, CRM, "      product: text\n", ""),
    "a new key result": lambda s: _edit(
        s, OPERATIONS, "      hotline:\n", NEW + "      hotline:\n"
    ),
    "a contract that sets rows aside": lambda s: _edit(
        s, FINANCE, "course: text", 'course: {type: text, one_of: ["CRM-101"]}'
    ),
    "a type with fewer decimals": lambda s: _edit(s, FINANCE, "decimal(12,2)", "decimal(12,0)"),
}
MOVED = {
    "a changed target": {"revenue-growth"},
    "a changed filter": {"gtx-pro"},
    "a changed condition": {"crm-tickets"},
    "a removed column": {"gtx-pro"},
    "a new key result": {"few-tickets"},
    "a contract that sets rows aside": set[str](),
    "a type with fewer decimals": {"training-cost"},
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_plan_shows_is_what_a_run_records(example: Small, case: str) -> None:
    """Each score after the change equals the record of the next run, and no other score moves."""
    CASES[case](example)
    before = _state(example.root)
    proposal = _propose(example)
    assert _state(example.root) == before, "a plan writes nothing"
    short = {e.id.rsplit("/", 1)[1] for e in proposal.moving}
    if MOVED[case]:
        assert short == MOVED[case]
    shown = {e.id: e.after.body for e in proposal.effects if e.after is not None}
    with example.open() as project:
        old = project.store.latest_scores(DAY)
    example.run()
    with example.open() as project:
        new = project.store.latest_scores(DAY)
    for name, body in shown.items():
        assert same_content(new[name].body, body), name
    moved = {n for n in new if n in old and _visible(old[n].body) != _visible(new[n].body)}
    assert moved == {e.id for e in proposal.moving if e.action == "changed"}


def _visible(body: object) -> object:
    assert isinstance(body, dict)
    return [body[k] for k in ("status", "value", "progress", "expected", "target", "baseline")]


def test_goalposts_that_move_are_named(example: Small) -> None:
    """A changed target in the middle of a cycle is a moved goalpost; a new title is none."""
    CASES["a changed target"](example)
    _edit(example, SALES, "EUR 500,000 with GTX Pro", "Half a million with GTX Pro")
    proposal = _propose(example)
    [moved] = proposal.moved_goalposts
    assert moved.id.endswith("revenue-growth")
    assert [str(c) for c in moved.goalposts] == ["kind.target: 120 -> 110"]
    assert "not committed" in str(moved.author)
    assert {o.name.rsplit("/", 1)[1] for o in proposal.objects} == {"revenue-growth", "gtx-pro"}
    assert {e.id for e in proposal.effects} == {moved.id}


def test_only_what_the_change_touches_is_computed(example: Small) -> None:
    """A target computes no series; a metric's condition those of its own filters and no others."""
    CASES["a changed target"](example)
    assert _propose(example).computed == 0
    CASES["a changed condition"](example)
    proposal = _propose(example)
    assert proposal.computed == 1
    assert len(proposal.effects) == 2


def test_a_plan_works_while_a_run_holds_the_project(example: Small) -> None:
    """The warehouse is another's: the stored files give the same effect."""
    CASES["a changed condition"](example)
    alone = _propose(example)
    with project_lock(example.root / ".scoreline" / "lock", "run", example.clock()):
        beside = _propose(example)
    assert [e.after for e in beside.effects] == [e.after for e in alone.effects]
    assert beside.computed == alone.computed == 1


def test_a_new_source_without_data_is_said(example: Small) -> None:
    """What nothing is stored of cannot be shown; the plan says so and names who waits."""
    source = (example.root / FINANCE).read_text(encoding="utf-8")
    example.write(
        "okr_defs/sources/ledger.yaml",
        source.replace("source: finance", "source: ledger").replace("data/finance", "data/ledger"),
    )
    _edit(example, METRICS, "from: finance.training_costs", "from: ledger.training_costs")
    proposal = _propose(example)
    assert list(proposal.unread) == ["ledger.training_costs"]
    [effect] = proposal.moving
    assert effect.after is not None
    assert effect.after.score.status == "no_data"
    assert effect.after.score.reason == "ledger.training_costs was never loaded"


def test_what_is_in_error_is_left_out_and_not_taken_for_removed(example: Small) -> None:
    """A metric in error is `left out`; its key results lose their value, and the plan says why."""
    _edit(example, METRICS, "system = 'CRM'", "systm = 'CRM'")
    proposal = _propose(example)
    gone = {o.name: o.action for o in proposal.objects if o.action != "changed"}
    assert gone["metric crm_tickets"] == "left out"
    assert "removed" not in gone.values()
    effect = next(e for e in proposal.effects if e.id.endswith("crm-tickets"))
    assert effect.after is not None
    assert (effect.after.score.status, effect.moves) == ("no_data", True)
    assert any(p.severity == "error" for p in proposal.problems)


def test_a_removed_key_result_goes_with_its_score(example: Small) -> None:
    """A key result that is dropped is shown with what it had; after a run it is no news."""
    text = (example.root / OPERATIONS).read_text(encoding="utf-8")
    start, end = text.index("      training-cost:"), text.index("      clean-accounts:")
    (example.root / OPERATIONS).write_text(text[:start] + text[end:], encoding="utf-8")
    proposal = _propose(example)
    [effect] = proposal.effects
    assert (effect.action, effect.after) == ("removed", None)
    assert effect.before is not None
    example.run()
    assert _propose(example).objects == []


def test_nothing_differs_after_a_run(example: Small) -> None:
    """The definitions that a run recorded are those that a plan reads back."""
    proposal = _propose(example)
    assert (proposal.objects, proposal.effects, proposal.computed) == ([], [], 0)


def test_a_state_that_is_none_is_refused(example: Small) -> None:
    """`--against` something unknown names what would be legal."""
    with pytest.raises(UsageError, match="a commit of this project's repository"):
        _propose(example, "no-such-branch")
