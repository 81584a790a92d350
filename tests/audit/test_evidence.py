"""Evidence packs: they say MATCH where nothing but duckdb is there, and MISMATCH when touched."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import drill_world
import pytest
import score_world
from flow_builders import Small
from typer.testing import CliRunner

from scoreline.audit.evidence import write_pack
from scoreline.audit.rescoring import rescore
from scoreline.cli.main import app
from scoreline.core.digests import canonical, digest
from scoreline.steps.closing import Closing, close_cycle

EVER = (date(2000, 1, 1), date(2100, 1, 1))
ALONE = """
import runpy, sys
legal = {*sys.stdlib_module_names, "duckdb", "_duckdb"}
class Only:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in legal and not name.startswith("_sysconfigdata"):
            raise ImportError(f"{name} is not there")
sys.meta_path.insert(0, Only())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Every kind of key result over seven days; its warehouse and exports are gone."""
    made = score_world.build(tmp_path_factory.mktemp("scores"))
    (made.root / ".scoreline/warehouse.duckdb").unlink()
    shutil.rmtree(made.root / "data")
    return made


@pytest.fixture(scope="module")
def packed(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked pack of one key result."""
    return unpacked(small, "2026-H2/learning/o/down", tmp_path_factory.mktemp("pack"))


def unpacked(small: Small, key_result: str, folder: Path) -> Path:
    with small.open() as project:
        write_pack(project.store, project.files, key_result, EVER, folder / "pack.zip")
    with zipfile.ZipFile(folder / "pack.zip") as archive:
        archive.extractall(folder / "pack")
    return folder / "pack"


def alone(folder: Path) -> tuple[int, str]:
    """The check in a process of its own that can import the standard library and duckdb."""
    script = str(folder / "reperform.py")
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def module() -> ModuleType:
    """The check as a module, to call it often."""
    path = Path(sys.modules["scoreline.audit.evidence"].__file__ or "").parent / "pack/reperform.py"
    spec = importlib.util.spec_from_file_location("reperform", path)
    assert spec is not None and spec.loader is not None  # noqa: PT018
    made = importlib.util.module_from_spec(spec)
    sys.modules["reperform"] = made
    spec.loader.exec_module(made)
    return made


def test_every_kind_comes_out_again_from_its_pack_alone(small: Small, tmp_path: Path) -> None:
    """Reach, curve, keep, milestones, done, by hand, withdrawn, held, stale: all MATCH."""
    with small.open() as project:
        names = list(project.plan.key_results)
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        folder.mkdir()
        code, out = alone(unpacked(small, name, folder))
        assert code == 0, out
        assert out.splitlines()[-1].startswith("MATCH: all 7 scores"), out


def test_every_measure_and_window_comes_out_again(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts, sums, ratios, distinct, extremes, windows, versions, offsets, models: all MATCH."""
    made, check = drill_world.build(tmp_path_factory.mktemp("drill"), 11), module()
    for name in drill_world.METRICS:
        folder = tmp_path_factory.mktemp("pack")
        assert check.main(unpacked(made, f"2026-H2/learning/o/{name}", folder)) == 0, (
            name,
            capsys.readouterr().out,
        )


def test_a_changed_byte_is_named(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One byte of any file changed, one file missing, one too many: MISMATCH names the file."""
    check = module()
    for path in sorted(p for p in packed.rglob("*") if p.is_file() and p.name != "pack.json"):
        kept, name = path.read_bytes(), path.relative_to(packed).as_posix()
        for at in {0, len(kept) // 2, len(kept) - 1}:
            path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
            assert check.main(packed) == 1
            assert f"{name} was changed" in capsys.readouterr().out
        path.unlink()
        assert check.main(packed) == 1
        assert f"{name} is missing" in capsys.readouterr().out
        path.write_bytes(kept)
    strange = packed / "batches/more.txt"
    strange.write_text("x")
    assert check.main(packed) == 1
    assert "batches/more.txt does not belong" in capsys.readouterr().out
    strange.unlink()
    assert check.main(packed) == 0


def _with(folder: Path, pack: dict[str, Any], name: str, content: bytes) -> None:
    """Put other content under a name, and its digest into pack.json."""
    (folder / name).write_bytes(content)
    pack["files"][name] = digest(content)
    (folder / "pack.json").write_bytes(canonical(pack))


def test_forgeries_with_fitting_digests_are_found(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows, records, lists, blocks and order changed together with pack.json: MISMATCH."""
    check, original = module(), json.loads((packed / "pack.json").read_bytes())
    rows = sorted({n for p in original["parts"].values() for n in p["rows"]})
    names = [r["file"] for r in original["records"]]
    score = next(n for n in names if n.endswith("-score.json"))
    value = next(n for n in names if n.endswith("-baseline.json"))
    forged: list[tuple[str, str]] = [
        (rows[0], "is not a file of batch"),
        (score, "does not stand in block"),
        (value, "does not stand in block"),
        ("ledger/lists.json", "does not give its root"),
        ("ledger/blocks.json", "was changed"),
    ]
    for name, words in forged:
        folder = tmp_path / digest(name.encode())[:8]
        shutil.copytree(packed, folder)
        content = (folder / name).read_bytes()
        if name == rows[0]:
            content = (folder / rows[-1]).read_bytes()
        elif name == "ledger/lists.json":
            lists = json.loads(content)
            next(iter(lists.values())).pop()
            content = canonical(lists)
        else:
            content = content.replace(b"2026", b"2025", 1)
        _with(folder, json.loads(json.dumps(original)), name, content)
        assert check.main(folder) == 1
        assert words in capsys.readouterr().out, name
    folder = tmp_path / "order"
    shutil.copytree(packed, folder)
    changed = json.loads(json.dumps(original))
    many = next(s for e in changed["scores"] for s in e["streams"].values() if len(s["parts"]) > 1)
    many["parts"].reverse()
    (folder / "pack.json").write_bytes(canonical(changed))
    assert check.main(folder) == 1
    assert "did not consist of these batches" in capsys.readouterr().out


def test_the_signed_end_of_the_chain_is_checked(packed: Path, tmp_path: Path) -> None:
    """The checkpoint's signature is valid by RFC 8032; with another bit it is not."""
    check = module()
    said = json.loads((packed / "ledger/checkpoint.json").read_bytes())
    public, signature = bytes.fromhex(said.pop("public_key")), bytes.fromhex(said.pop("signature"))
    assert check.verify_ed25519(public, canonical(said), signature)
    assert not check.verify_ed25519(public, canonical({**said, "height": 1}), signature)
    for at in (0, 31, 32, 63):
        wrong = signature[:at] + bytes([signature[at] ^ 4]) + signature[at + 1 :]
        assert not check.verify_ed25519(public, canonical(said), wrong)


def test_the_same_record_gives_the_same_bytes(small: Small, tmp_path: Path) -> None:
    """Two packs of one period are one file; the command says its digests; bad periods are refused."""
    root, name = str(small.root), "2026-H2/learning/o/up"
    digests = []
    for number in range(2):
        target = tmp_path / f"{number}.zip"
        words = [
            "evidence",
            name,
            "2026-07-01..2026-10-31",
            "-o",
            str(target),
            "-p",
            root,
            "--json",
        ]
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 0
        said = json.loads(found.output)
        assert said["sha256"] == digest(target.read_bytes())
        digests.append(said["sha256"])
    assert digests[0] == digests[1]
    assert said["scores"] == 5
    for period, words_wanted in (
        ("2026-10-01..2026-09-01", "ends before it begins"),
        ("soon", "is no period"),
        ("2031-01-01", "no score of"),
    ):
        target = tmp_path / "none.zip"
        found = CliRunner().invoke(app, ["evidence", name, period, "-o", str(target), "-p", root])
        assert words_wanted in str(found.exception)
        assert not target.exists()


def test_a_closed_cycle_is_what_its_closing_froze(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a closing, later runs record the frozen scores: `rescore` and the pack agree."""
    made = score_world.build(tmp_path_factory.mktemp("closed"))
    made.clock.moment = datetime(2027, 1, 5, 6, tzinfo=UTC)
    with made.open() as project:
        wish = Closing("2026-H2", "it is over", "ann", as_of=date(2027, 1, 2))
        close_cycle(project, wish, lambda _: "a reason")
    score_world.write(made, "done3", ["i95,a,99,2026-12-30"])
    made.run("2027-01-03")
    with made.open() as project:
        done = rescore(project.store.walk())
        scores = [w for w in project.store.walk() if w.kind == "score"]
        walked = [w for w in scores if b'"status":"closed"' in (w.body or b"")]
    assert done.differences == []
    assert len(walked) == 9
    check = module()
    for name in ("up", "hold", "hand"):
        folder = tmp_path_factory.mktemp("pack")
        assert check.main(unpacked(made, f"2026-H2/learning/o/{name}", folder)) == 0
        assert "as its closing froze it  MATCH" in capsys.readouterr().out
