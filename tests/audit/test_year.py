"""A simulated year of fortnightly runs, computed again from evidence packs and nothing else."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small
from test_evidence import EVER, module

from scoreline.audit.evidence import write_pack
from scoreline.core.digests import canonical
from scoreline.core.records import CheckIn, Decision
from scoreline.steps.closing import Closing, close_cycle
from scoreline.steps.forgetting import Request
from scoreline.steps.run import forget

FIRST = date(2026, 1, 11)
RUNS = 26
BLOCKED, RELEASED, CHANGED, ERASED = 7, 9, 13, 18
"""The run whose batch is blocked, that before which it is released, and so on; from 0."""

SOURCE = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns: {id: text, agent: text, amount: "decimal(9,2)", region: text, day: date}
    key: [id]
    load: merge
    event_time: day
    fresh_within: 60d
    expect:
      - {type: expect_column_values_to_not_be_null, column: region}
  agents:
    options: {glob: "agents*.csv"}
    columns: {agent: text, team: text}
    key: [agent]
    load: replace
"""
MODEL = """\
SELECT d.amount, d.day, d.region FROM crm.deals AS d JOIN crm.agents AS a ON a.agent = d.agent
WHERE a.team = 'field'
"""
METRICS = """\
metrics:
  won: {title: Won, unit: number, from: crm.deals, measure: {sum: amount}, window: cycle, dimensions: [region]}
  field: {title: Field, unit: number, from: models.field, measure: {sum: amount}, time: day, window: trailing 90d}
  deals: {title: Deals, unit: count, from: crm.deals, measure: {count: rows}, window: cycle}
  mean: {title: Mean, unit: number, derived: won / deals}
"""
OBJECTIVES = """\
cycle: "2026"
team: learning
objectives:
  o:
    title: O
    owner: a@acme.example
    key_results:
      won: {title: Won, metric: won, baseline: 0, target: 20000}
      north: {title: North, metric: won, filter: {region: north}, baseline: {at: 2026-02-01}, target: {change: +900%}}
      field: {title: Field, metric: field, keep: {at_least: 300, every: month}}
      mean: {title: Mean, metric: mean, baseline: 0, target: 60, expected: s_curve}
      hand: {title: Hand, manual: true, baseline: 0, target: 10}
"""
NAMES = ("won", "north", "field", "mean", "hand")


def fortnight(small: Small, run: int, chance: random.Random) -> date:
    """Write what came in until a run's day: new deals, late ones, one corrected; the day."""
    day = FIRST + timedelta(days=14 * run)
    lines = []
    for number in range(12):
        late = 40 if number == 0 else 0
        at = day - timedelta(days=chance.randrange(14) + late)
        region = "" if run == BLOCKED and number == 5 else chance.choice(["north", "south"])
        agent = f"agent{chance.randrange(6)}"
        lines.append(f"d{run}-{number},{agent},{chance.randrange(1, 9999) / 100},{region},{at}")
    if run:
        lines.append(f"d{run - 1}-1,agent1,{chance.randrange(1, 99)},north,{day}")
    text = "id,agent,amount,region,day\n" + "".join(f"{line}\n" for line in lines)
    small.write(f"data/deals{run:02}.csv", text)
    if run % 6 == 0:
        teams = "".join(
            f"agent{n},{'field' if (n + run // 6) % 2 else 'inside'}\n" for n in range(6)
        )
        small.write(f"data/agents{run:02}.csv", "agent,team\n" + teams)
    return day


def people(small: Small, run: int, day: date) -> None:
    """What people did before a run."""
    with small.open() as project:
        if run % 5 == 0:
            entry = CheckIn("2026/learning/o/hand", day, "ann", str(run // 3))
            project.store.add_check_in(entry, project.now())
        if run == RELEASED:
            [blocked] = project.store.batches("crm.deals", ["blocked"])
            decision = Decision(blocked.id, "release", "the region is not known", "tom", "ann")
            project.store.decide(decision, project.now())
        if run == ERASED:
            forget(project, Request("crm.deals", "agent", "agent3", "he asked", "tom", "ann"))
    if run == CHANGED:
        changed = METRICS.replace(
            "{sum: amount}, window: cycle", "{sum: amount, where: amount > 5}, window: cycle"
        )
        small.define(metrics__m=changed)
        small.write("okr_defs/objectives/2026/learning.yaml", OBJECTIVES.replace("20000", "15000"))


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The unpacked pack of every key result; all else of the project is gone."""
    small, chance = Small(tmp_path_factory.mktemp("year")), random.Random(2026)
    small.define(
        organisation=ORGANISATION.replace(
            "2026-H2: {start: 2026-07-01", '"2026": {start: 2026-01-01'
        ),
        sources__crm=SOURCE,
        metrics__m=METRICS,
    )
    small.write("okr_defs/objectives/2026/learning.yaml", OBJECTIVES)
    small.write("okr_defs/models/field.sql", MODEL)
    for run in range(RUNS):
        day = fortnight(small, run, chance)
        small.clock.moment = datetime.combine(day + timedelta(days=1), time(6), UTC)
        people(small, run, day)
        small.run(day.isoformat())
    small.clock.moment = datetime(2027, 1, 5, 6, tzinfo=UTC)
    small.write("data/deals90.csv", "id,agent,amount,region,day\nz1,agent2,77,north,2026-12-30\n")
    small.run("2027-01-04")
    with small.open() as project:
        wish = Closing("2026", "the year is over", "tom", "ann", date(2027, 1, 4))
        close_cycle(project, wish, lambda _: None)
    small.write("data/deals91.csv", "id,agent,amount,region,day\nz2,agent2,55,north,2026-12-30\n")
    small.run("2027-01-04")
    (small.root / ".scoreline/warehouse.duckdb").unlink()
    shutil.rmtree(small.root / "data")
    target = tmp_path_factory.mktemp("packs")
    found = {}
    for name in NAMES:
        with small.open() as project:
            path = target / f"{name}.zip"
            write_pack(project.store, project.files, f"2026/learning/o/{name}", EVER, path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target / name)
        found[name] = target / name
    shutil.rmtree(small.root)
    return found


@pytest.mark.slow
def test_a_year_comes_out_again_from_its_packs(
    packs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Late, corrected, blocked and released, redefined, closed: every score MATCHes its record.

    Only what was scored on rows of a person who was erased later is said to be gone.
    """
    check, held, definitions = module(), set(), set()
    for name, folder in packs.items():
        status = check.main(folder)
        lines, last = _halves(capsys.readouterr().out)
        assert status == 0, (name, last)
        assert len(lines) == RUNS + 1
        gone = [line for line in lines if "NOT COMPUTED" in line]
        assert all(line.endswith("  MATCH") for line in lines if line not in gone)
        if name == "hand":
            assert not gone
        else:
            assert 0 < len(gone) <= ERASED
            assert gone[-1][:10] < f"{FIRST + timedelta(days=14 * ERASED)}"
            assert last.startswith(f"MATCH: {len(lines) - len(gone)} of {len(lines)} scores")
        for file in folder.glob("ledger/records/*-score.json"):
            body = json.loads(file.read_bytes())
            held.add(body["as_of"] if body["status"] == "held" else None)
            definitions.add((name, body["definition"]))
    blocked = {f"{FIRST + timedelta(days=14 * run)}" for run in range(BLOCKED, RELEASED)}
    assert held == {None, *blocked}
    assert sum(name == "won" for name, _ in definitions) == 2
    records = {path.name.rpartition("-")[2] for path in packs["won"].glob("ledger/records/*")}
    assert records >= {"cycle.json", "restatement.json", "removal.json", "decision.json"}


def _halves(said: str) -> tuple[list[str], str]:
    """The lines of the scores, and the last line."""
    lines = said.splitlines()
    return [line for line in lines if line[:2] == "20" and line[10:12] == "  "], lines[-1]


@pytest.mark.slow
def test_a_file_left_out_must_be_gone_on_record(
    packs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows that are said to be removed, without a record of that, are a MISMATCH."""
    folder = tmp_path / "pack"
    shutil.copytree(packs["won"], folder)
    pack = json.loads((folder / "pack.json").read_bytes())
    part = pack["parts"][pack["scores"][-1]["streams"]["crm.deals"]["parts"][-1]]
    [name] = part["rows"]
    part["gone"] = {name: {"sha256": pack["files"].pop(name), "cause": "forgotten"}}
    (folder / name).unlink()
    (folder / "pack.json").write_bytes(canonical(pack))
    assert module().main(folder) == 1
    assert f"{name} is left out, but no ledger record says" in capsys.readouterr().out
