"""Damage: named, bounded to what depends on it, and mended only with the very bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.audit.depending import depending
from scoreline.audit.verifying import damaged_files, verify
from scoreline.core.records import StoredFile
from scoreline.steps.backing_up import Order, take_backup
from scoreline.steps.ports import Silence
from scoreline.steps.repairing import Repair, repair

SOURCE = """\
source: crm
connector: files
options: {root: data}
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns: {id: text, amount: {type: "decimal(9,2)", null_values: [""]}, day: date}
    key: [id]
    load: merge
    event_time: day
    expect:
      - {type: expect_column_values_to_be_between, column: amount, min_value: 0, max_value: 100, on_failure: quarantine}
  calls:
    options: {glob: "calls*.csv"}
    columns: {id: text, day: date}
    key: [id]
    load: append
    event_time: day
"""
METRICS = """\
metrics:
  won: {{title: W, unit: number, from: crm.deals, measure: {{sum: amount, where: "amount >= {least}"}}, window: cycle}}
  calls: {{title: C, unit: number, from: crm.calls, measure: {{count: rows}}, window: cycle}}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: a@b.example
    key_results:
      won: {title: W, metric: won, baseline: 0, target: 100}
      calls: {title: C, metric: calls, baseline: 0, target: 10}
"""
DAY = "2026-11-20"


@pytest.fixture
def kept(tmp_path: Path) -> Small:
    """A project with received, typed, broken, kept and set-aside files, and its sources."""
    small = Small(tmp_path / "p")
    small.define(
        organisation=ORGANISATION,
        sources__crm=SOURCE,
        metrics__m=METRICS.format(least=0),
        objectives__2026_H2__learning=OBJECTIVES,
    )
    rows = "a,10,2026-08-01\nb,20,2026-08-02\nc,500,2026-08-03\nd,x,2026-08-04\n"
    small.write("data/deals1.csv", f"id,amount,day\n{rows}")
    small.write("data/deals2.csv", "id,amount,day\ne,5,2026-08-05\n")
    small.write("data/calls.csv", "id,day\nz,2026-08-01\n")
    assert not small.run(DAY).failed
    return small


def stored(small: Small, *kinds: str) -> dict[str, StoredFile]:
    """The files of the first batch of deals, by kind."""
    with small.open() as project:
        batch = project.store.batches("crm.deals")[0]
        aside = project.store.quarantines("crm.deals")
        found = {k: getattr(batch, k) for k in ("received", "typed", "broken", "kept")}
        found["aside"] = next(q.file for q in aside if q.check != "contract")
    assert None not in found.values()
    return {k: found[k] for k in kinds or found}


def damage(small: Small, file: StoredFile, *, lose: bool = False) -> None:
    """Change one byte in the middle of a file, or delete it."""
    path = small.root / ".scoreline/files" / file.name
    if lose:
        path.unlink()
        return
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def mend(small: Small, backup: Path | None = None) -> Repair:
    with small.open() as project:
        return repair(project, backup)


def damaged(small: Small) -> list[str]:
    with small.open() as project:
        return [d.file.name for d in damaged_files(project.store, project.files)]


def test_every_changed_byte_of_a_stored_file_is_found(kept: Small) -> None:
    """Each byte of every small received file, and a sample of the Parquet files' bytes."""
    with kept.open() as project:
        for batch in project.store.batches():
            for file in (batch.received, batch.typed, batch.broken, batch.kept):
                if file is None:
                    continue
                path = project.files.path(file)
                content = path.read_bytes()
                step = 1 if file.suffix == ".csv" else 7
                for at in range(0, len(content), step):
                    path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
                    assert project.files.check(file) is not None, (file.name, at)
                path.write_bytes(content)
        found = verify(project.store, project.files, lambda _n: None, lambda: None)
        assert found.findings == []


@pytest.mark.parametrize("lose", [False, True])
def test_files_are_made_again_from_what_is_intact(kept: Small, lose: bool) -> None:
    """Received from the source; typed, broken, kept and set aside from what was received."""
    files = stored(kept)
    for file in files.values():
        damage(kept, file, lose=lose)
    assert set(damaged(kept)) == {f.name for f in files.values()}
    done = mend(kept)
    assert (done.left, done.store, damaged(kept)) == ([], [], [])
    assert {m.damaged.file for m in done.mended} == set(files.values())
    assert done.warehouse
    before = kept.status(DAY)
    kept.run(DAY)
    assert kept.status(DAY) == before
    aside = list((kept.root / ".scoreline").glob("damaged/*"))
    assert len(aside) == (0 if lose else len(files))


def test_what_cannot_be_had_is_left_and_said(kept: Small, tmp_path: Path) -> None:
    """Another export in the source's place does not pass; a backup has the very bytes."""
    with kept.open() as project:
        url = f"sqlite:///{project.paths.state / 'control.db'}"
        order = Order(project.paths, url, tmp_path / "backup", project.now(), "0.1.0")
        take_backup(order, Silence())
    received = stored(kept, "received")["received"]
    damage(kept, received)
    kept.write("data/deals1.csv", "id,amount,day\na,11,2026-08-01\n")
    done = mend(kept)
    assert [d.file for d in done.left] == [received]
    assert "batch" in done.left[0].place
    done = mend(kept, tmp_path / "backup")
    assert [m.source for m in done.mended] == ["the backup"]
    assert damaged(kept) == []


def test_damage_stops_nothing_that_does_not_depend_on_it(kept: Small) -> None:
    """The other stream goes on; what depends on it is held at its value, and is listed."""
    before = kept.status(DAY)
    damage(kept, stored(kept, "kept")["kept"])
    (kept.root / ".scoreline/warehouse.duckdb").unlink()
    kept.write("data/calls2.csv", "id,day\ny,2026-08-02\n")
    report = kept.run(DAY)
    assert report.failed
    assert "repair" in str(report.sources["crm"].streams["crm.deals"].error)
    after = kept.status(DAY)
    assert (after["calls"]["value"], before["calls"]["value"]) == ("2.000000", "1.000000")
    assert after["won"]["status"] == "held"
    assert after["won"]["value"] == before["won"]["value"]
    assert "repair" in str(kept.reasons(DAY)["won"])
    with kept.open() as project:
        [found] = depending(project.plan, ["crm.deals"])
    assert (found.metrics, found.key_results) == (("won",), ("2026-H2/learning/o/won",))


def test_nothing_is_computed_from_half_a_stream(kept: Small) -> None:
    """A changed metric over a stream that cannot be loaded whole keeps its last good value."""
    before = kept.status(DAY)["won"]["value"]
    damage(kept, stored(kept, "kept")["kept"])
    (kept.root / ".scoreline/warehouse.duckdb").unlink()
    kept.define(metrics__m=METRICS.format(least=1))
    report = kept.run(DAY)
    rows = {r.id.rsplit("/", 1)[1]: r.score for r in report.scores.key_results}  # type: ignore[union-attr]
    assert rows["won"].status == "held"
    assert "could not be loaded" in str(rows["won"].reason)
    assert kept.status(DAY)["won"]["value"] == before
    assert rows["calls"].value == 1
    assert mend(kept).left == []
    kept.run(DAY)
    assert kept.status(DAY)["won"]["value"] == "35.000000"
    assert kept.status(DAY)["won"]["status"] != "held"


def test_a_damaged_store_is_not_mended_by_guessing(kept: Small, tmp_path: Path) -> None:
    """A changed record is named; repair says that only a backup has it."""
    with kept.open() as project, project.store._write() as connection:
        connection.exec_driver_sql("UPDATE scores SET status = 'achieved'")
    done = mend(kept)
    assert any("status is 'achieved'" in words for words in done.store)
    shutil.rmtree(kept.root / "data")
    assert mend(kept).left == []
