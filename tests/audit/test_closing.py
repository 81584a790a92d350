"""Closing a cycle: what is fixed stays fixed, and later data stand beside it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from flow_builders import ORGANISATION, Small

from scoreline.cli.main import app
from scoreline.steps.restating import beside
from scoreline.steps.status import objective_json, standing

SOURCE = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns: {id: text, amount: "decimal(9,2)", day: date}
    key: [id]
    load: merge
    event_time: day
"""
METRICS = """\
metrics:
  won: {title: W, unit: number, from: crm.deals, measure: {sum: amount}, window: cycle}
"""
OBJECTIVES = """\
# Our year, with a comment that survives
cycle: 2025-H2
team: learning
objectives:
  promised:
    title: Promised
    owner: a@b.example
    commitment: committed
    key_results:
      deals: {title: Deals, metric: won, baseline: 0, target: 200}
      half: {title: Half of it, metric: won, baseline: 0, target: 80}
  hoped:
    title: Hoped
    owner: a@b.example
    key_results:
      # the long shot
      shot:
        title: Shot
        metric: won
        baseline: 0
        target: 400
        expected: {waypoints: [{date: 2025-09-30, progress: 0.4}]}
"""
DAY = "2026-01-05"
KR = "2025-H2/learning/promised/deals"


@pytest.fixture
def over(tmp_path: Path) -> Small:
    """A project whose cycle is over: 100 of 200, 80 and 400."""
    small = Small(tmp_path)
    objectives(small)
    small.define(
        organisation=ORGANISATION.replace("2026", "2025"), sources__crm=SOURCE, metrics__m=METRICS
    )
    deals(small, "deals1", "a,60,2025-08-01", "b,40,2025-12-01")
    small.run(DAY)
    return small


def objectives(small: Small, target: int = 200) -> None:
    text = OBJECTIVES.replace("target: 200", f"target: {target}")
    small.write("okr_defs/objectives/2025-H2/learning.yaml", text)


def deals(small: Small, name: str, *rows: str) -> None:
    small.write(f"data/{name}.csv", "id,amount,day\n" + "".join(f"{r}\n" for r in rows))


def command(
    small: Small, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, Any, str]:
    """Exit status, the JSON printed (None without), and what went to standard error."""
    with pytest.raises(SystemExit) as end:
        app([*arguments, "--project", str(small.root), "--json"])
    shown = capsys.readouterr()
    return int(end.value.code or 0), json.loads(shown.out) if shown.out else None, shown.err


def close(small: Small, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any, str]:
    arguments = ("close", "2025-H2", "--reason", "it is over", "--as-of", DAY, "--approver", "tom")
    return command(small, capsys, *arguments, *more)


def refused(small: Small, *arguments: str) -> str:
    from scoreline.core.errors import UsageError

    with pytest.raises(UsageError) as error:
        app([*arguments, "--project", str(small.root)], standalone_mode=False)
    return str(error.value)


MISS = ("--miss", "deals=the vendor was late")


def test_a_committed_miss_needs_a_reason(over: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """Without it nothing is closed; a reason for what was no miss is refused too."""
    base = ("close", "2025-H2", "--reason", "r", "--as-of", DAY)
    assert f'--miss {KR}="…"' in refused(over, *base)
    assert "it is no committed miss" in refused(over, *base, *MISS, "--miss", "shot=x")
    with over.open() as project:
        assert project.store.closings() == {}
        assert project.store.verify_ledger() == []


def test_a_cycle_is_closed_once_and_when_it_is_over(
    over: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its last day is too early, an unknown cycle and a second closing are refused."""
    assert "ends on 2025-12-31" in refused(
        over, "close", "2025-H2", "--reason", "r", "--as-of", "2025-12-31"
    )
    assert "there is no cycle" in refused(over, "close", "2026", "--reason", "r")
    assert close(over, capsys, *MISS)[0] == 0
    assert "closed already" in refused(
        over, "close", "2025-H2", "--reason", "r", "--as-of", DAY, *MISS
    )


def test_a_closing_fixes_scores_and_names_what_they_rest_on(
    over: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scores by clamp(progress), pass marks by commitment, digests of record and inputs."""
    status, said, _ = close(over, capsys, *MISS)
    assert status == 0
    scores = {
        n.rsplit("/", 1)[1]: (k["score"], k["passes"]) for n, k in said["key_results"].items()
    }
    assert scores == {"deals": ("0.5", False), "half": ("1", True), "shot": ("0.25", False)}
    assert said["misses"] == {KR: "the vendor was late"}
    rows = over.status(DAY)
    assert {n: (r["status"], r["score"]) for n, r in rows.items()} == {
        "deals": ("closed", "0.500000"),
        "half": ("closed", "1.000000"),
        "shot": ("closed", "0.250000"),
    }
    with over.open() as project:
        rolled = [objective_json(o) for o in standing(project, date.fromisoformat(DAY)).objectives]
        mine = [o for o in rolled if o["id"].startswith("2025-H2")]
        event = project.store.closings()["2025-H2"].event
        assert list(event.objectives) == mine
        frozen = event.key_results[KR]
        assert project.store.record(frozen["record"]).kind == "score"
        assert set(frozen["inputs"]) == {"crm.deals"}
        assert project.store.verify_ledger() == []
    assert over.status("2025-12-31")["deals"]["status"] != "closed"


def test_later_data_restate_beside_the_frozen_score(
    over: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """A late deal, then its correction: two restatements with their cause; the score stands."""
    close(over, capsys, *MISS)
    over.clock.moment = datetime(2027, 1, 9, 6, tzinfo=UTC)
    deals(over, "deals2_late", "c,50,2025-12-30")
    assert over.run(DAY).scores.recorded["restatements"] == 3  # type: ignore[union-attr]
    assert over.status(DAY)["deals"]["score"] == "0.500000"
    _, said, _ = command(over, capsys, "explain", "deals", "--as-of", DAY)
    restated = said["closing"]["restatement"]
    assert (restated["frozen"]["score"], restated["now"]["score"]) == ("0.5", "0.75")
    assert list(restated["cause"]["streams"]) == ["crm.deals"]
    assert "deals2_late.csv" in restated["words"]
    assert over.run(DAY).scores.recorded.get("restatements", 0) == 0  # type: ignore[union-attr]
    deals(over, "deals3_back", "c,0,2025-12-30")
    over.run(DAY)
    with over.open() as project:
        assert beside(project)[KR].restatement is None
        assert len(project.store.restatement_history(KR)) == 2
    status, said, _ = command(over, capsys, "verify")
    assert (status, said["findings"]) == (0, [])


def test_a_changed_definition_does_not_move_a_frozen_score(
    over: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new target is a restatement by definition."""
    close(over, capsys, *MISS)
    objectives(over, target=100)
    over.run(DAY)
    assert over.status(DAY)["deals"]["score"] == "0.500000"
    with over.open() as project:
        found = beside(project)[KR].restatement
        assert found is not None
        assert found.restatement.now["score"] == "1"
        assert found.restatement.cause["definitions"] == [f"key_result {KR}"]


def test_reopening_is_in_the_record(over: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """Reopened, data count again; both events stay, with who and why; it can close anew."""
    close(over, capsys, *MISS)
    arguments = ("reopen", "2025-H2", "--reason", "a deal was missing", "--approver", "tom")
    assert command(over, capsys, *arguments)[0] == 0
    assert "not closed" in refused(over, *arguments)
    deals(over, "deals2", "c,50,2025-12-30")
    over.run(DAY)
    assert over.status(DAY)["deals"]["value"] == "150.000000"
    assert close(over, capsys, *MISS)[0] == 0
    with over.open() as project:
        events = [c.event for c in project.store.cycle_history("2025-H2")]
        assert [(e.state, e.approver) for e in events] == [
            ("closed", "tom"),
            ("reopened", "tom"),
            ("closed", "tom"),
        ]
        assert project.store.verify_ledger() == []


def test_what_is_unfinished_is_drafted_for_the_next_cycle(
    over: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """Drafts keep comments, start from where the cycle ended, and are read by nothing."""
    status, said, _ = close(over, capsys, *MISS, "--carry-forward", "2026-H1")
    assert status == 0
    [path] = said["drafts"]
    text = Path(path).read_text()
    assert "# Our year, with a comment that survives" in text
    body = yaml.safe_load(text)
    assert body["cycle"] == "2026-H1"
    assert {o: list(v["key_results"]) for o, v in body["objectives"].items()} == {
        "promised": ["deals"],
        "hoped": ["shot"],
    }
    assert body["objectives"]["hoped"]["key_results"]["shot"]["baseline"] == 100
    assert "expected" not in body["objectives"]["hoped"]["key_results"]["shot"]
    assert "2025-H2 closed missed with score 0.50; its baseline was 0" in text
    with over.open() as project:
        assert not [k for k in project.plan.key_results if k.startswith("2026")]
