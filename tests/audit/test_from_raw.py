"""`verify --from-raw`: every value again from received bytes, and the cause of what differs."""

from __future__ import annotations

from datetime import date

import drill_world as world
import pytest
from flow_builders import Small

from scoreline.steps.reperforming import reperform


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Two runs: a corrected stream, a snapshot with versions, models, then a new definition."""
    made = world.build(tmp_path_factory.mktemp("raw"), 5)
    path = made.root / "okr_defs/metrics/all.yaml"
    path.write_text(path.read_text().replace("level > 0", "level > 1"))
    made.run(world.DAY)
    (made.root / ".scoreline/warehouse.duckdb").unlink()
    return made


def files(small: Small) -> dict[str, bytes]:
    """Every file of the project's state besides logs of the database."""
    folder = small.root / ".scoreline"
    return {
        str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and "-" not in p.suffix
    }


def test_every_value_comes_out_of_the_bytes_again(small: Small) -> None:
    """All values of three runs, by the definitions of each; nothing of the project changes."""
    before = files(small)
    with small.open() as project:
        done = reperform(project)
        recorded = sum(1 for _ in project.store.values_in_order())
        later = reperform(project, date(2030, 1, 1))
    assert done.findings == []
    assert done.values == recorded > 30
    assert (done.batches, done.typed_only) == (4, 0)
    assert (later.values, later.batches) == (0, 0)
    assert {k: v for k, v in files(small).items() if "control.db" not in k} == {
        k: v for k, v in before.items() if "control.db" not in k
    }


def test_changed_bytes_are_the_named_cause_of_other_values(small: Small) -> None:
    """One changed digit in a received file: the batch is named, and each value it moves."""
    with small.open() as project:
        [batch] = [b for b in project.store.batches("crm.deals") if b.object == "deals1.csv"]
        assert batch.received is not None
        path = project.files.path(batch.received)
        kept = path.read_bytes()
        path.write_bytes(_another_amount(kept))
        try:
            done = reperform(project)
        finally:
            path.write_bytes(kept)
    places = [place for place, _ in done.findings]
    assert f"batch {batch.id} of crm.deals (deals1.csv)" in places
    moved = [words for place, words in done.findings if place.startswith("value of total")]
    assert moved
    assert all(f"cause: batch {batch.id} (deals1.csv) gives other rows" in w for w in moved)
    assert not [place for place in places if place.startswith("value of standing")]


def _another_amount(content: bytes) -> bytes:
    """The export with another last digit in the amount of one deal that counts."""
    lines = content.split(b"\r\n")
    for number, line in enumerate(lines):
        cells = line.split(b",")
        if len(cells) == 7 and cells[2] == b"won" and cells[3] and int(cells[4]) > 2 and cells[5]:
            digit = cells[3][-1:]
            cells[3] = cells[3][:-1] + (b"1" if digit != b"1" else b"2")
            lines[number] = b",".join(cells)
            return b"\r\n".join(lines)
    raise AssertionError("there is no such deal")
