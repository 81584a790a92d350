"""Which files are found, which of them are new, and how they are copied aside."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from folders import Folder

from connectors.base import Discovery, ObjectRef, SeenObject, State, StreamSpec
from connectors.errors import OptionError, PermanentError, TransientError
from connectors.files import FilesConnector, copying

SPEC = StreamSpec("s", {"glob": "*.csv"})


def names(found: Discovery) -> list[str]:
    return [ref.name for ref in found.new]


def after(folder: Folder, state: State, found: Discovery) -> State:
    """The state once everything found was read and recorded."""
    objects = dict(state.objects) | {seen.name: seen for seen in found.touched}
    digests = set(state.digests)
    for ref in found.new:
        batch = folder.connector.extract(SPEC, ref, folder.work)
        objects[ref.name] = SeenObject(ref.name, batch.digest, batch.signature)
        digests.add(batch.digest)
    return State(objects=objects, digests=frozenset(digests))


def test_files_come_in_the_order_of_their_names(folder: Folder) -> None:
    """Order is by name, folders included; hidden files and folders are no matches."""
    for name in ("b.csv", "a/z.csv", "B.csv", ".hidden.csv", "a/.part/x.csv", "c.txt"):
        folder.put(name, f"a\n{name}\n")
    assert names(folder.discover(glob="**/*.csv")) == ["B.csv", "a/z.csv", "b.csv"]
    assert names(folder.discover(glob=".hid*.csv")) == [".hidden.csv"]


def test_an_unchanged_file_is_not_opened(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature that was recorded at rest settles it: no byte is read."""
    folder.put("x.csv", "a\n1\n")
    state = after(folder, State(), folder.discover(glob="*.csv"))
    monkeypatch.setattr("connectors.files.folder.digest_of", None)
    assert folder.discover(state, glob="*.csv") == Discovery(unchanged=1)


def test_a_replaced_file_with_the_same_contents_is_only_touched(folder: Folder) -> None:
    """A new inode or time with the last contents: record the signature, read nothing."""
    folder.put("x.csv", "a\n1\n")
    state = after(folder, State(), folder.discover(glob="*.csv"))
    (folder.root / "x.csv").unlink()
    folder.put("x.csv", "a\n1\n")
    found = folder.discover(state, glob="*.csv")
    assert (names(found), [t.name for t in found.touched]) == ([], ["x.csv"])
    assert folder.discover(after(folder, state, found), glob="*.csv").unchanged == 1


def test_a_signature_recorded_too_early_is_not_trusted(folder: Folder) -> None:
    """A file read within two seconds of its last change is hashed again the next time."""
    folder.ahead = timedelta(0)
    folder.put("x.csv", "a\n1\n")
    state = after(folder, State(), folder.discover(glob="*.csv"))
    assert state.objects["x.csv"].signature.startswith("~")
    folder.ahead = timedelta(seconds=5)
    found = folder.discover(state, glob="*.csv")
    assert [t.name for t in found.touched] == ["x.csv"]
    assert folder.discover(after(folder, state, found), glob="*.csv").unchanged == 1


def test_a_change_within_the_same_size_and_time_is_seen(folder: Folder) -> None:
    """Same size and modification time, other contents: the change time gives it away."""
    path = folder.put("x.csv", "a\n1\n")
    status = path.stat()
    state = after(folder, State(), folder.discover(glob="*.csv"))
    path.write_bytes(b"a\n2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert names(folder.discover(state, glob="*.csv")) == ["x.csv"]


def test_from_a_to_b_and_back_to_a_is_three_readings(folder: Folder) -> None:
    """Contents that a name had before, but not last, are new again."""
    state = State()
    for content in ("a\n1\n", "a\n2\n", "a\n1\n"):
        folder.put("x.csv", content)
        found = folder.discover(state, glob="*.csv")
        assert names(found) == ["x.csv"]
        state = after(folder, state, found)
    assert len(state.digests) == 2


def test_a_copy_is_skipped_and_reported(folder: Folder) -> None:
    """Known contents under a new name are a copy of that name."""
    folder.put("x.csv", "a\n1\n")
    state = after(folder, State(), folder.discover(glob="*.csv"))
    folder.put("y.csv", "a\n1\n")
    found = folder.discover(state, glob="*.csv")
    assert names(found) == []
    assert [(c.ref.name, c.of, c.pending) for c in found.copies] == [("y.csv", "x.csv", False)]


def test_two_new_files_with_equal_contents(folder: Folder) -> None:
    """The first by name is read; the other is its copy, pending until the first is landed."""
    folder.put("b.csv", "a\n1\n")
    folder.put("a.csv", "a\n1\n")
    folder.put("c.csv", "a\n3\n")
    found = folder.discover(glob="*.csv")
    assert names(found) == ["a.csv", "c.csv"]
    assert [(c.ref.name, c.of, c.pending) for c in found.copies] == [("b.csv", "a.csv", True)]


def test_a_first_look_hashes_nothing_that_cannot_be_a_copy(folder: Folder) -> None:
    """Files of different sizes, nothing known yet: no file is read while discovering."""
    folder.put("a.csv", "a\n1\n")
    folder.put("b.csv", "a\n12\n")
    assert [ref.digest for ref in folder.discover(glob="*.csv").new] == [None, None]


def test_no_match_is_an_error_only_at_first(folder: Folder) -> None:
    """The error lists what is there; once something was read, no match is nothing new."""
    folder.put("other.txt", "x")
    with pytest.raises(PermanentError) as caught:
        folder.discover(glob="*.csv")
    assert "no file matches '*.csv'; in the folder are: other.txt" in str(caught.value)
    seen = State(objects={"x.csv": SeenObject("x.csv", "0" * 64, "")})
    assert folder.discover(seen, glob="*.csv") == Discovery()


def test_a_missing_root_is_permanent(tmp_path: Path) -> None:
    """A root that does not exist is named as written."""
    connector = FilesConnector({"root": "data/nowhere"}, base=tmp_path)
    with pytest.raises(PermanentError, match="data/nowhere: no such folder"):
        connector.discover(SPEC, State())


@pytest.mark.parametrize("root", ["..", "absolute"])
def test_a_root_may_lie_outside_the_project(tmp_path: Path, root: str) -> None:
    """Exports may lie anywhere: a root is absolute or relative to the project's folder."""
    (tmp_path / "project").mkdir()
    (tmp_path / "a.csv").write_text("id\n1\n")
    chosen = str(tmp_path) if root == "absolute" else root
    connector = FilesConnector({"root": chosen}, base=tmp_path / "project")
    assert [ref.name for ref in connector.discover(SPEC, State()).new] == ["a.csv"]


@pytest.mark.parametrize("root", ["a\\b", "", "a\0b"])
def test_a_root_that_is_no_folder_name_is_refused(tmp_path: Path, root: str) -> None:
    """Backslashes, NUL and nothing at all are refused before anything is opened."""
    with pytest.raises(OptionError, match="root must be a folder"):
        FilesConnector({"root": root}, base=tmp_path)


def test_links_out_of_the_root_are_refused(folder: Folder) -> None:
    """A link to a file or a folder outside is an error; a link within the root is a file."""
    outside = folder.base / "secret.csv"
    outside.write_text("a\n1\n")
    inside = folder.put("deep/x.csv", "a\n1\n")
    (folder.root / "fine.csv").symlink_to(inside)
    assert names(folder.discover(glob="*.csv")) == ["fine.csv"]
    (folder.root / "bad.csv").symlink_to(outside)
    with pytest.raises(PermanentError, match=r"bad\.csv: a link leads out"):
        folder.discover(glob="*.csv")
    with pytest.raises(PermanentError, match="leads out"):
        folder.connector.extract(SPEC, ObjectRef("bad.csv", "", 0), folder.work)
    with pytest.raises(PermanentError, match="leads out"):
        folder.connector.extract(SPEC, ObjectRef("../secret.csv", "", 0), folder.work)


def test_a_linked_root_is_followed(folder: Folder, tmp_path: Path) -> None:
    """The root itself may be a link: that is how a mounted folder is used."""
    folder.put("x.csv", "a\n1\n")
    (tmp_path / "mounted").symlink_to(folder.root)
    found = FilesConnector({"root": "mounted"}, base=tmp_path).discover(SPEC, State())
    assert names(found) == ["x.csv"]


def test_only_regular_files_are_read(folder: Folder) -> None:
    """A folder or a pipe with a matching name is not opened."""
    (folder.root / "dir.csv").mkdir()
    os.mkfifo(folder.root / "pipe.csv")
    folder.put("x.csv", "a\n1\n")
    assert names(folder.discover(glob="*.csv")) == ["x.csv"]


def test_a_vanished_file_is_transient(folder: Folder) -> None:
    """A file that is gone between discovery and extraction may be back the next time."""
    path = folder.put("x.csv", "a\n1\n")
    (ref,) = folder.discover(glob="*.csv").new
    path.unlink()
    with pytest.raises(TransientError, match=r"data/x\.csv: vanished"):
        folder.connector.extract(SPEC, ref, folder.work)


def test_a_file_that_grows_while_copied_is_transient(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file still being written is not taken half, and no partial copy stays."""
    path = folder.put("x.csv", "a\n1\n")
    (ref,) = folder.discover(glob="*.csv").new
    pour = copying._pour

    def poured(*arguments: object) -> tuple[str, int]:
        with path.open("a") as file:
            file.write("2\n")
        return pour(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_pour", poured)
    with pytest.raises(TransientError, match="changed while it was being copied"):
        folder.connector.extract(SPEC, ref, folder.work)
    assert list(folder.work.iterdir()) == []


def test_an_unwritable_work_folder_is_permanent(folder: Folder) -> None:
    """Where the copy cannot be written a person must act, and is told where."""
    folder.put("x.csv", "a\n1\n")
    (ref,) = folder.discover(glob="*.csv").new
    with pytest.raises(PermanentError, match="the copy cannot be written"):
        folder.connector.extract(SPEC, ref, folder.work / "absent")


def test_the_copy_is_what_was_hashed_and_parsed(folder: Folder) -> None:
    """Digest, size and rows are those of the copy, whatever happens to the file afterwards."""
    path = folder.put("x.csv", b"a\n1\n")
    batch = folder.open("x.csv")
    path.write_bytes(b"a\n1\n2\n3\n")
    assert batch.reader().read_all().num_rows == 1
    receipt = batch.receipt()
    assert receipt.sha256 == batch.digest == hashlib.sha256(b"a\n1\n").hexdigest()
    assert (receipt.bytes, batch.raw_path.read_bytes()) == (4, b"a\n1\n")
    assert receipt.source_identity == "data/x.csv"
    assert str(folder.base) not in str(receipt.as_dict())


def test_kept_bytes_are_opened_again_under_another_contract(folder: Folder) -> None:
    """`reopen` reads stored bytes without the folder, with the options of today."""
    folder.put("x.csv", "a;b\n1;2\n")
    batch = folder.open("x.csv")
    spec = replace(SPEC, options={"glob": "*.csv", "delimiter": ";"})
    again = folder.connector.reopen(spec, "x.csv", batch.raw_path)
    assert again.digest == batch.digest
    assert again.schema.names == ["a", "b", "_row"]


def test_check_reads_a_beginning(folder: Folder) -> None:
    """`check` is content with a readable header and names what is wrong otherwise."""
    with pytest.raises(PermanentError, match="in the folder are: nothing"):
        folder.connector.check(SPEC)
    path = folder.put("x.csv", "a\n1\n")
    folder.connector.check(SPEC)
    path.write_bytes(b"")
    with pytest.raises(PermanentError, match="no header"):
        folder.connector.check(SPEC)
