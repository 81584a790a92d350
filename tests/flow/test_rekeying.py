"""Another key for pseudonyms: the same people, joins and scores, under other names."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from flow_builders import ORGANISATION, Small

from scoreline.audit.verifying import verify
from scoreline.core import faults
from scoreline.core.errors import UsageError
from scoreline.steps.rekeying import Rotation, rotate_pseudonyms
from scoreline.steps.reperforming import reperform
from scoreline.warehouse.personal import pseudonym_of

TESTS = Path(__file__).resolve().parents[1]
DAY = "2026-11-20"
SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns: {who: {type: text, personal: pseudonym}, score: integer, at: date}
    key: [who, at]
    load: merge
    event_time: at
    expect:
      - {type: expect_column_values_to_be_between, column: score, max_value: 100, on_failure: quarantine}
  staff:
    options: {glob: "staff*.csv"}
    columns: {who: {type: text, personal: pseudonym}, team: text}
    key: [who]
    load: replace
"""
MODEL = "select d.who, d.at from lms.done as d join lms.staff as s on s.who = d.who\n"
METRICS = """\
metrics:
  both: {title: B, unit: count, from: models.both, measure: {count_distinct: who}, time: at, dimensions: [who]}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      both: {title: B, metric: both, baseline: 0, target: 10%s}
"""


def made(root: Path, filters: str = "") -> Small:
    """Two streams that are joined by a pseudonym."""
    small = Small(root)
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES % filters,
    )
    small.write("okr_defs/models/both.sql", MODEL)
    small.write(
        "data/done1.csv", "who,score,at\nann,1,2026-11-03\nbob,x,2026-11-04\ncem,500,2026-11-04\n"
    )
    small.write("data/staff1.csv", "who,team\nann,a\nbob,b\n")
    small.run(DAY)
    return small


def rotated(small: Small) -> Rotation:
    with small.open() as project:
        return rotate_pseudonyms(project, "a key may have leaked", "tom")


def stored_texts(small: Small) -> str:
    """Every row of every stored file, and the warehouse's."""
    folder = small.root / ".scoreline"
    rows = [
        duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()
        for path in sorted((folder / "files").rglob("*.parquet"))
    ]
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        rows.append(connection.sql("SELECT who FROM lms.done").fetchall())
    return str(rows)


def test_the_same_people_under_other_names(tmp_path: Path) -> None:
    """Old pseudonyms are nowhere, new ones equal those of new rows; scores are as they were."""
    small = made(tmp_path)
    before = small.status(DAY)
    with small.open() as project:
        [first] = project.keyring.pseudonyms()
    people = ["ann", "bob", "cem"]
    old = [pseudonym_of(who, [first]) for who in people]
    assert all(name in stored_texts(small) for name in old)
    done = rotated(small)
    with small.open() as project:
        keys = project.keyring.pseudonyms()
        assert project.store.pseudonym_keys() == done.keys
        assert verify(project.store, project.files, lambda _: None, lambda: None).findings == []
        again = reperform(project)
    assert (again.findings, again.gone, again.values) == ([], {}, 1)
    texts = stored_texts(small)
    assert [len(keys), done.batches, [n for n in old if n in texts]] == [2, 2, []]
    assert all(pseudonym_of(who, keys) in texts for who in people)
    assert small.status(DAY) == before
    small.write("data/done2.csv", "who,score,at\nann,2,2026-11-05\nbob,3,2026-11-05\n")
    report = small.run(DAY)
    assert not report.failed
    assert small.status(DAY)["both"]["value"] == "2.000000"


def test_a_key_that_is_another_one_is_refused(tmp_path: Path) -> None:
    """With another key the same person would count twice: nothing is read."""
    small = made(tmp_path)
    (tmp_path / ".scoreline/keys/pseudonym.key").write_text("another")
    small.write("data/done2.csv", "who,score,at\nann,2,2026-11-05\n")
    report = small.run(DAY)
    assert "not the one" in str(report.sources["lms"].streams["lms.done"].error)
    assert small.status(DAY)["both"]["value"] == "1.000000"


def test_definitions_that_name_a_pseudonym_are_refused(tmp_path: Path) -> None:
    """It would mean nobody; the key result is named."""
    small = made(tmp_path, ", filter: {who: [" + "a" * 64 + "]}")
    with pytest.raises(UsageError, match="o/both names a pseudonym"):
        rotated(small)


KILLED = """\
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {flow!r}]
from test_rekeying import rotated
from flow_builders import Small
from scoreline.core import faults
faults.arm(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == {point!r} else None)
rotated(Small(Path({root!r})))
"""


@pytest.mark.parametrize("point", faults.REMOVAL_POINTS)
def test_killed_anywhere_all_streams_agree(tmp_path: Path, point: str) -> None:
    """Whether before the record or after it, the next run joins the same people."""
    small = made(tmp_path)
    code = KILLED.format(
        tests=str(TESTS), flow=str(TESTS / "flow"), point=point, root=str(tmp_path)
    )
    ended = subprocess.run([sys.executable, "-c", code], check=False)
    assert ended.returncode == -signal.SIGKILL
    small.write("data/done2.csv", "who,score,at\nann,2,2026-11-05\nbob,3,2026-11-05\n")
    small.run(DAY)
    assert small.status(DAY)["both"]["value"] == "2.000000"
    with small.open() as project:
        assert verify(project.store, project.files, lambda _: None, lambda: None).findings == []
