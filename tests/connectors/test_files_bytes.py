"""Bytes that are not what they seem: encodings, NUL, damaged and exploding compression."""

from __future__ import annotations

import gzip
import resource
from collections.abc import Callable

import pytest
import zstandard
from folders import Folder

from connectors.errors import PermanentError

ROWS = "name,city\nZoë,Köln\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "windows-1252", "utf-32"]
)
def test_declared_encodings(folder: Folder, encoding: str) -> None:
    """A declared encoding is decoded, with or without a byte order mark."""
    batch, table = folder.read(ROWS.encode(encoding), encoding=encoding)
    assert table.to_pylist() == [{"name": "Zoë", "city": "Köln", "_row": 1}]
    assert table.schema.names[0] == "name"
    assert batch.receipt().rows_received == 1


def test_latin_1_as_utf_8_is_refused_by_byte_and_line(folder: Folder) -> None:
    """Undecodable bytes are never replaced: byte and line are named, with what to set."""
    data = b"a\n" + b"x\n" * 700_000 + "Köln\n".encode("latin-1")
    with pytest.raises(PermanentError) as caught:
        folder.read(data)
    assert "data/x.csv, line 700002: byte 1,400,004 (hex f6) is not utf-8" in str(caught.value)
    assert "encoding" in str(caught.value)


def test_a_character_cut_off_at_the_end_is_refused(folder: Folder) -> None:
    """The first half of a character at the end of a file is an error, not nothing."""
    with pytest.raises(PermanentError, match="line 2: byte 4 "):
        folder.read("a\nxé".encode()[:-1])


def test_a_character_across_two_reads_is_whole(folder: Folder) -> None:
    """Where a read ends inside a character, nothing is lost and nothing refused."""
    text = "a\n" + "é€𝄞\n" * 500_000
    assert folder.read(text)[1].num_rows == 500_000


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("a\n1\n".encode("utf-16"), "is UTF-16.*Set encoding: utf-16"),
        (b"PK\x03\x04xxxx", "spreadsheet"),
        (b"a,b\n1,\x002\n", "line 2: byte 7 is NUL"),
        ("a\n1\n".encode("utf-16-le"), "is NUL"),
    ],
)
def test_foreign_files_are_recognised(folder: Folder, data: bytes, what: str) -> None:
    """UTF-16, spreadsheets and NUL bytes are refused with what they probably are."""
    with pytest.raises(PermanentError, match=what):
        folder.read(data)


def test_a_nul_in_utf_16_is_refused(folder: Folder) -> None:
    """A NUL character is refused in a wide encoding too."""
    with pytest.raises(PermanentError, match="NUL character"):
        folder.read("a\n1\0\n".encode("utf-16"), encoding="utf-16")


Pack = Callable[[bytes], bytes]


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("zst", zstd)])
class TestCompressed:
    def test_is_read_and_hashed_as_received(self, folder: Folder, suffix: str, pack: Pack) -> None:
        """Compressed files, of several members too, are read; the digest is of their bytes."""
        path = folder.put(f"x.csv.{suffix}", pack(b"a\n1\n") + pack(b"2\n"))
        batch = folder.open(path.name)
        assert batch.reader().read_all().column("a").to_pylist() == ["1", "2"]
        assert batch.raw_path.read_bytes() == path.read_bytes()
        assert batch.raw_path.name.endswith(f".csv.{suffix}")
        assert batch.receipt().compression is not None

    @pytest.mark.parametrize("kept", [0.5, 0.999])
    def test_cut_short_is_refused(
        self, folder: Folder, suffix: str, pack: Pack, kept: float
    ) -> None:
        """A compressed file that was cut short never passes for a shorter one."""
        whole = pack(b"a\n" + b"".join(b"%d\n" % (i * 7919) for i in range(300_000)))
        folder.put(f"x.csv.{suffix}", whole[: int(len(whole) * kept)])
        with pytest.raises(PermanentError, match="damaged or cut short"):
            folder.open(f"x.csv.{suffix}").reader().read_all()

    def test_trailing_rubbish_is_refused(self, folder: Folder, suffix: str, pack: Pack) -> None:
        """Bytes after the compressed data are not ignored."""
        folder.put(f"x.csv.{suffix}", pack(b"a\n1\n") + b"rubbish")
        with pytest.raises(PermanentError, match="damaged"):
            folder.open(f"x.csv.{suffix}").reader().read_all()

    def test_a_bomb_is_stopped(self, folder: Folder, suffix: str, pack: Pack) -> None:
        """What expands beyond `max_bytes` is refused without ever being held in memory."""
        folder.put(f"x.csv.{suffix}", pack(b"a\n" + b"1\n" * 100_000_000))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(PermanentError, match="more than 10,000,000 bytes"):
            folder.open(f"x.csv.{suffix}", max_bytes=10_000_000).reader().read_all()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000

    def test_a_false_name_is_refused(self, folder: Folder, suffix: str, pack: Pack) -> None:
        """A plain file named as compressed is an error; a compressed one named .csv is read."""
        folder.put(f"x.csv.{suffix}", b"a\n1\n")
        with pytest.raises(PermanentError, match="is not compressed so"):
            folder.open(f"x.csv.{suffix}")
        folder.put("y.csv", pack(b"a\n1\n"))
        assert folder.open("y.csv").reader().read_all().num_rows == 1
