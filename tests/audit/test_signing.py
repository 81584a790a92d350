"""Signatures: what an older signed checkpoint proves, and that no trouble with keys loses a run."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.audit.signatures import Signatures, check_signatures
from scoreline.audit.signing import Checkpoint, PrivateKey, checkpoint_body, is_signed
from scoreline.cli.main import app
from scoreline.core.digests import canonical, digest, digest_of
from scoreline.core.errors import UsageError
from scoreline.store import guarded
from scoreline.store.schema import ledger_blocks, ledger_records
from scoreline.store.store import ControlStore

OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: a@b.example
    key_results:
      calls: {title: C, manual: true, baseline: 0, target: 10}
"""
DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")


def made(root: Path, place: Path | str | None) -> Small:
    """A project with one manual key result; checkpoints go to `place`."""
    small = Small(root)
    more = f"checkpoints: {{copy_to: '{place}'}}\n" if place else ""
    small.define(organisation=ORGANISATION + more, objectives__2026_H2__learning=OBJECTIVES)
    return small


@pytest.fixture
def signed(tmp_path: Path) -> Small:
    """A project with three signed runs, whose checkpoints lie in `tmp_path/kept`."""
    small = made(tmp_path / "p", tmp_path / "kept")
    for day in DAYS:
        small.run(day)
    return small


def checked(small: Small, *against: Path | str) -> Signatures:
    with small.open() as project:
        assert project.store.verify_ledger() == []
        return check_signatures(project.store, [str(a) for a in against], busy=False)


def words(found: Signatures) -> str:
    return "\n".join(f"{place}: {what}" for place, what in found.findings)


def command(small: Small, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """A command's exit status, and all that it printed."""
    with pytest.raises(SystemExit) as end:
        app([*arguments, "--project", str(small.root)])
    shown = capsys.readouterr()
    return int(end.value.code or 0), (shown.out + shown.err).replace("\n", "")


def test_every_run_signs_its_newest_block(signed: Small, tmp_path: Path) -> None:
    """Three runs leave three valid checkpoints elsewhere, and the private key to its owner only."""
    found = checked(signed, tmp_path / "kept")
    assert (found.findings, found.notes, found.compared) == ([], [], 3)
    assert found.signed == found.newest
    (key,) = (signed.root / ".scoreline/keys").glob("signing-*.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = key.read_text().splitlines()[1].encode()
    for path in [*signed.root.rglob("*"), *(tmp_path / "kept").iterdir()]:
        assert path == key or not path.is_file() or secret not in path.read_bytes()


def test_a_run_with_nothing_new_writes_no_checkpoint(signed: Small, tmp_path: Path) -> None:
    """The same day again leaves ledger and checkpoints as they are."""
    before = sorted(p.name for p in (tmp_path / "kept").iterdir())
    signed.run(DAYS[-1])
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == before


def test_every_changed_byte_of_a_checkpoint_is_found(signed: Small, tmp_path: Path) -> None:
    """Whatever byte of a checkpoint's file is changed, lost or added, it is named."""
    file = sorted((tmp_path / "kept").iterdir())[0]
    content = file.read_bytes()
    with signed.open() as project:
        for at in range(len(content) - 1):  # the last one is the line's end
            for other in (
                content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
                content[:at] + content[at + 1 :],
            ):
                file.write_bytes(other)
                assert check_signatures(project.store, [str(file)], busy=False).findings, at


def test_a_ledger_cut_short_is_found_by_an_older_checkpoint(signed: Small, tmp_path: Path) -> None:
    """A store put back to an earlier day is whole in itself; its own checkpoints contradict it."""
    state = signed.root / ".scoreline"
    shutil.copytree(state, tmp_path / "earlier")
    shutil.copytree(tmp_path / "kept", tmp_path / "mine")
    with signed.open() as project:
        early = len(project.store.blocks())
    signed.run("2026-11-21")
    shutil.copytree(tmp_path / "kept", tmp_path / "later")
    shutil.rmtree(state)
    shutil.copytree(tmp_path / "earlier", state)
    assert checked(signed).findings == []
    assert checked(signed, tmp_path / "mine").findings == []
    found = words(checked(signed, tmp_path / "later"))
    assert f"the ledger ends at block {early}: 1 blocks were cut off" in found


def test_a_ledger_rewritten_and_signed_anew_is_found(signed: Small, tmp_path: Path) -> None:
    """With the private key, a past score is rewritten without a trace here; a checkpoint tells."""
    with signed.open() as project:
        forge(project.store, project.signer.current())
    assert checked(signed).findings == []
    found = words(checked(signed, tmp_path / "kept"))
    assert "was rewritten" in found or "written anew" in found


def forge(store: ControlStore, key: PrivateKey) -> None:
    """Change what the first score says, and make every hash and signature fit again."""
    with store._write() as connection:
        rows = (
            connection.execute(
                ledger_records.select().order_by(ledger_records.c.block, ledger_records.c.position)
            )
            .mappings()
            .all()
        )
        digests: dict[int, list[str]] = {}
        forged = False
        for row in rows:
            body = json.loads(row["body"])
            if row["kind"] == "score" and not forged:
                body["formula"], forged = "all is well", True
                connection.execute(
                    ledger_records.update()
                    .where(ledger_records.c.seq == row["seq"])
                    .values(body=canonical(body), digest=digest(canonical(body)))
                )
            digests.setdefault(row["block"], []).append(digest(canonical(body)))
        assert forged
        prev = first = None
        query = ledger_blocks.select().order_by(ledger_blocks.c.height)
        for old in connection.execute(query).mappings().all():
            names = ("height", "prev", "root", "count", "run", "recorded_at")
            head = {n: old[n] for n in names}
            head |= {"prev": prev, "root": digest_of(digests[old["height"]])}
            prev = digest_of(head)
            first = first or prev
            new: dict[str, Any] = {**head, "digest": prev}
            if old["signature"]:
                said = checkpoint_body(first, old["height"], prev, old["recorded_at"], key.id)
                new["signature"] = key.sign(said)
            guarded.change_rows(connection, ledger_blocks, [(old, new)])


def test_another_projects_checkpoints_are_told_apart(signed: Small, tmp_path: Path) -> None:
    """A project made anew does not pass for the one that was signed."""
    other = made(tmp_path / "other", None)
    other.run(DAYS[0])
    assert "another project's ledger, or was written anew" in words(
        checked(other, tmp_path / "kept")
    )


def test_a_checkpoint_that_is_gone_is_missed(signed: Small, tmp_path: Path) -> None:
    """The ledger knows where it wrote each checkpoint, and misses one there."""
    sorted((tmp_path / "kept").iterdir())[0].unlink()
    assert "was written here and is gone" in words(checked(signed, tmp_path / "kept"))


def test_a_rotated_key_leaves_old_signatures_valid(
    signed: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old key endorses the new one and may sign no later block; no private key is shown."""
    with signed.open() as project:
        old = project.signer.current()
    status, shown = command(signed, capsys, "keys", "rotate", "--reason", "yearly", "--by", "ann")
    assert (status, "endorsed by " + old.id in shown) == (0, True)
    signed.run("2026-11-21")
    found = checked(signed, tmp_path / "kept")
    assert (found.findings, found.notes, len(found.keys)) == ([], [], 2)
    for arguments in (("list",), ("list", "--json"), ("show-public",), ("show-public", old.id)):
        status, shown = command(signed, capsys, "keys", *arguments)
        assert status == 0
        assert "PRIVATE" not in shown
        assert old.pem().splitlines()[1] not in shown
    with signed.open() as project:
        newest = project.store.newest_block()
        assert newest is not None
        ledger = project.store.first_block() or ""
        body = checkpoint_body(ledger, newest.height, newest.digest, newest.recorded_at, old.id)
        project.store.note_checkpoint(newest.height, signature=old.sign(body), key_id=old.id)
    assert "which was not in force" in words(checked(signed))


def test_a_second_place_that_fails_loses_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run is recorded and signed, exits with 3 and says so; the next command copies."""
    (tmp_path / "kept").write_text("a file stands where the folder should be")
    small = made(tmp_path / "p", tmp_path / "kept")
    status, shown = command(small, capsys, "run", "--as-of", DAYS[0])
    assert status == 3
    assert "warning" in shown
    assert str(tmp_path / "kept") in shown
    assert checked(small).signed > 0
    (tmp_path / "kept").unlink()
    status, _ = command(small, capsys, "run", "--as-of", DAYS[0])
    assert (status, checked(small, tmp_path / "kept").findings) == (0, [])


def test_a_lost_key_is_said_and_another_can_begin(
    signed: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its private key a run is recorded but not signed; a new key is noted as unendorsed."""
    for key in (signed.root / ".scoreline/keys").glob("signing-*"):
        key.unlink()
    status, shown = command(signed, capsys, "run", "--as-of", "2026-11-21")
    assert status == 3
    assert "scoreline keys new" in shown
    assert "not signed" in words(checked(signed))
    status, shown = command(signed, capsys, "keys", "new", "--reason", "the disk broke")
    assert status == 0
    found = checked(signed)
    assert found.findings == []
    assert "the disk broke" in found.notes[0]
    with signed.open() as project, pytest.raises(UsageError, match="at hand"):
        project.signer.new("again")


def test_a_key_by_reference_signs_and_stays_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key of an environment variable signs; it stands in no file; another one must be said."""
    monkeypatch.setenv("SIGNING", "ab" * 32)
    monkeypatch.setenv("OLD", "ab" * 32)
    small = made(tmp_path, None)
    reference = 'checkpoints: {key: "${env:SIGNING}"}\n'
    small.define(organisation=ORGANISATION + reference)
    small.run(DAYS[0])
    assert checked(small).findings == []
    assert not list((tmp_path / ".scoreline/keys").glob("signing-*"))
    assert all(
        b"abab" * 8 not in p.read_bytes()
        for p in (tmp_path / ".scoreline").rglob("*")
        if p.is_file()
    )
    monkeypatch.setenv("SIGNING", "cd" * 32)
    status, shown = command(small, capsys, "run", "--as-of", DAYS[1])
    assert status == 3
    assert "scoreline keys rotate" in shown
    arguments = ("keys", "rotate", "--old", "${env:OLD}", "--reason", "moved to the vault")
    assert command(small, capsys, *arguments)[0] == 0
    assert checked(small).findings == []


def test_checkpoints_go_to_any_file_system(tmp_path: Path) -> None:
    """A URL of fsspec takes the checkpoints, and gives them back for comparison."""
    place = f"memory://{tmp_path.name}/kept"
    small = made(tmp_path, place)
    small.run(DAYS[0])
    found = checked(small, place)
    assert (found.findings, found.compared) == ([], 1)


def test_openssl_can_check_a_checkpoint(signed: Small, tmp_path: Path) -> None:
    """What is signed is the canonical JSON that the documentation names, in plain Ed25519."""
    checkpoint = Checkpoint.parse(sorted((tmp_path / "kept").iterdir())[0].read_text())
    said = json.loads(checkpoint.text())
    signed_part = {k: v for k, v in said.items() if k not in ("public_key", "signature")}
    assert is_signed(signed_part, said["signature"], said["public_key"])
    assert not is_signed({**signed_part, "height": 99}, said["signature"], said["public_key"])
