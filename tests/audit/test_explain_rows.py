"""`explain --rows` from outside: pages, a file, JSON, exit status, and what cannot be listed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import drill_world as world
import pytest
from flow_builders import Small
from typer.testing import CliRunner

from scoreline.cli.main import app


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A project with a manual key result beside the others."""
    made = world.build(tmp_path_factory.mktemp("rows"), 3)
    path = made.root / "okr_defs/objectives/2026-H2/learning.yaml"
    hand = "      hand: {title: By hand, manual: true, baseline: 0, target: 9}\n"
    path.write_text(path.read_text() + hand)
    return made


def call(small: Small, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, [*words, "--project", str(small.root)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        return 2, str(found.exception)
    return found.exit_code, found.output


def test_pages_of_json_hold_every_row_once(small: Small) -> None:
    """All pages together have each row once, with file and row number, and the exact sums."""
    words = ("explain", "o/per_head", "--rows", "--json", "--as-of", world.DAY, "--page-size", "25")
    code, out = call(small, *words)
    assert code == 0
    first = json.loads(out)
    assert [p["metric"] for p in first["parts"]] == ["total", "standing"]
    total = first["parts"][0]
    seen = []
    for page in range(1, total["pages"] + 1):
        _, out = call(small, *words, "--page", str(page))
        seen += json.loads(out)["parts"][0]["items"]
    assert [item["n"] for item in seen] == list(range(1, total["rows"] + 1))
    assert all(len(item["from"]) == 1 and item["from"][0]["row"] > 0 for item in seen)
    assert total["recorded"]["numerator"] == total["numerator"]
    assert total["adds_up"] is True
    assert len(total["digest"]) == 64


def test_people_read_what_the_rows_add_up_to(small: Small) -> None:
    """The text says how many rows, of which stream and days, and that they add up exactly."""
    code, out = call(small, "explain", "o/rate", "--rows", "--as-of", world.DAY)
    assert code == 0
    assert "rows of crm.deals from 2026-05-05 to 2026-11-20 add up to" in out
    assert "exactly the value recorded" in out
    assert "deals1.csv row" in out


def test_the_text_leads_down_to_bytes_receipts_and_the_signed_ledger(small: Small) -> None:
    """Each stored path it names is a file with the digest beside it; each block is signed."""
    code, out = call(small, "explain", "o/rate", "--as-of", world.DAY)
    assert code == 0
    words = " ".join(out.split())
    assert "scoreline explain 2026-H2/learning/o/rate --rows" in words
    stored = re.findall(r"bytes received: (\S+) SHA-256 ([0-9a-f]{64})", words)
    assert len(stored) == 2
    for path, digest in stored:
        assert hashlib.sha256((small.root / path).read_bytes()).hexdigest() == digest
    assert "read by connector files" in words
    assert "receipt: data/deals1.csv" in words
    assert re.search(r"90 rows received, 90 counted control totals: .*rows 90", words)
    assert re.search(r"ledger: receipt [0-9a-f]{12} \(\d+ of \d+ in block 1\); ", words)
    assert re.search(r"block 1 of \S+, SHA-256 [0-9a-f]{64}: signed .*by key [0-9a-f]{16}", words)


def test_the_json_proves_every_record_that_it_names(small: Small) -> None:
    """Score, values and all records of batches have a block; the checks are all there."""
    code, out = call(small, "explain", "o/rate", "--as-of", world.DAY, "--json")
    assert code == 0
    told = json.loads(out)
    batches = [b for s in told["streams"] for b in s["batches"]]
    proofs = [told["proof"], *(v["proof"] for v in told["values"])]
    proofs += [p for b in batches for p in b["proofs"]]
    assert {p["kind"] for p in proofs} >= {"score", "value", "receipt", "checks", "load"}
    with small.open() as project:
        roots = {b.height: b.digest for b in project.store.blocks()}
        assert told["proof"]["record"] == told["record"]
        for proof in proofs:
            assert roots[proof["block"]] == proof["block_digest"]
            held = project.store.records(proof["block"])[proof["position"] - 1]
            assert held.digest == proof["record"]
    assert all((small.root / b["stored"]).is_file() for b in batches)
    assert told["waiting"] is None


def test_a_file_for_each_part(small: Small, tmp_path: Path) -> None:
    """A value of several parts is written to a file for each, named after its metric."""
    target = tmp_path / "rows.csv"
    code, out = call(small, "explain", "o/growth", "--csv", str(target), "--as-of", world.DAY)
    assert code == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows.total.csv", "rows.total@-1m.csv"]
    assert "SHA-256" in out


def test_what_has_no_rows_says_so(small: Small, tmp_path: Path) -> None:
    """A manual key result, and a folder that is not there, are refused with what to do."""
    assert call(small, "explain", "hand", "--rows") == (
        2,
        (
            "2026-H2/learning/o/hand takes no values from data, so there are no rows behind it; "
            "`scoreline explain` without --rows says where its progress comes from"
        ),
    )
    code, out = call(small, "explain", "o/rows", "--csv", str(tmp_path / "no/where.csv"))
    assert code == 2
    assert "is no folder" in out
