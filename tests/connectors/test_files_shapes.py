"""Headers of several rows, footers, and files that somebody is still writing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from folders import Folder

from connectors.base import State, StreamSpec
from connectors.errors import OptionError, PermanentError
from connectors.files import delimited
from connectors.files.header import joined
from connectors.files.matching import matches

SALES = "Team,Q1,,Q2,\n,Revenue,Cost,Revenue,Cost\nops,1,2,3,4\nhr,5,6,7,8\n"


def test_header_rows_are_joined(folder: Folder) -> None:
    """Names that stand above each other are one name; a blank below a group belongs to it."""
    batch, table = folder.read(SALES, header_rows=2)
    assert batch.tally.header == ("Team", "Q1 Revenue", "Q1 Cost", "Q2 Revenue", "Q2 Cost")
    assert table.column("Q2 Cost").to_pylist() == ["4", "8"]
    assert table.column("_row").to_pylist() == [1, 2]
    assert batch.receipt().counted_rows == 2
    batch, _ = folder.read("Title\n\n" + SALES, header_rows=2, header_join="/", skip_rows=1)
    assert batch.tally.header[1] == "Q1/Revenue"
    assert batch.receipt().blank_rows == 1


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([["a", "b"]], ("a", "b")),
        ([["Team", ""], ["", "Region"]], ("Team", "Region")),
        ([["G", ""], ["a", ""]], ("G a", "")),
        ([["G", "", "H"], ["a", "b", "c"], ["x", "y", ""]], ("G a x", "G b y", "H c")),
        ([["", "G"], ["id", "a", "b"]], ("id", "G a", "G b")),
    ],
)
def test_groups_of_names(rows: list[list[str]], names: tuple[str, ...]) -> None:
    """A group reaches to the right as far as names stand below it, and never from a name alone."""
    assert joined(rows, " ") == names


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a,b\n", "the file ends after 1 of 2 header rows"),
        ("", "there is no header"),
        ("a,b\n" + "x," * 1_000_000, "does not end within 1 MiB"),
    ],
)
def test_a_header_that_is_cut_short_is_refused(folder: Folder, content: str, what: str) -> None:
    """A file that ends inside its header is not an export without rows."""
    with pytest.raises(PermanentError, match=what):
        folder.read(content, header_rows=2)


def test_an_error_in_the_data_names_its_line(folder: Folder) -> None:
    """Lines are counted from the top of the file, header rows included."""
    with pytest.raises(PermanentError, match=r"line 4: a quoted cell begins here"):
        folder.read('a,b\nc,d\n1,2\n"3,4\n', header_rows=2)


@pytest.mark.parametrize("footer", ["Total,30\nExported on Friday\n", "Total,30\n\n\nbye,,,"])
@pytest.mark.parametrize("block", [64, 1 << 22])
def test_a_footer_is_left_out_and_counted(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, footer: str, block: int
) -> None:
    """The last rows are no data, whatever number of cells they have; the counts still agree."""
    monkeypatch.setattr(delimited, "BLOCK", block)
    rows = [f"{i},{i}\n" for i in range(40)]
    rows[5] = "5\n"
    batch, table = folder.read("id,hours\n" + "".join(rows) + footer, footer_rows=2)
    assert table.column("id").to_pylist() == [str(i) for i in range(40) if i != 5]
    assert table.column("_row").to_pylist() == [i + 1 for i in range(40) if i != 5]
    receipt = batch.receipt()
    assert (receipt.rows_received, receipt.ragged_rows, receipt.footer_rows) == (39, 1, 2)
    assert receipt.counted_rows == 40
    assert batch.ragged().column("row").to_pylist() == [6]


@pytest.mark.parametrize(("content", "kept"), [("a\n1\n", 0), ("a\n", 0), ("a\n1\n2\n3\n", 1)])
def test_a_footer_may_be_all_there_is(folder: Folder, content: str, kept: int) -> None:
    """An export without rows, of a footer alone or not even that, is sound."""
    batch, table = folder.read(content, footer_rows=2)
    assert table.num_rows == batch.receipt().counted_rows == kept


def test_header_rows_need_a_header(folder: Folder) -> None:
    """Options that contradict each other are refused."""
    with pytest.raises(OptionError, match="header_rows says nothing where header is false"):
        folder.read("a\n", header=False, header_rows=2)


def names(folder: Folder, **options: Any) -> list[str]:
    return [ref.name for ref in folder.discover(**options).new]


def test_unfinished_files_are_left_alone(folder: Folder) -> None:
    """Names of downloads and locks are no exports, unless the stream says otherwise."""
    for name in ("a.csv", "b.csv.tmp", "c.part", "d.crdownload", "~$e.xlsx", "sub/f.csv.part"):
        folder.put(name, "a\n1\n" + name)
    assert names(folder) == ["a.csv"]
    assert names(folder, glob="**/*") == ["a.csv"]
    assert names(folder, glob="*.tmp", ignore=[]) == ["b.csv.tmp"]
    with pytest.raises(PermanentError, match=r"no file matches '\*\.tmp' \(1 left out by the"):
        folder.discover(glob="*.tmp")


def test_a_file_is_read_once_it_rested(folder: Folder) -> None:
    """With `settle_seconds`, a file that changed a moment ago waits, and that is no error."""
    folder.ahead = timedelta(0)
    folder.put("x.csv", "a\n1\n")
    found = folder.discover(settle_seconds=60)
    assert (found.new, found.unsettled) == ((), 1)
    folder.connector.check(StreamSpec("s", {"glob": "*.csv", "settle_seconds": 60}))
    folder.ahead = timedelta(seconds=61)
    assert names(folder, settle_seconds=60) == ["x.csv"]


def test_a_newcomer_s_file_is_read_at_once(folder: Folder) -> None:
    """By default nothing waits: a file that was just written is read."""
    folder.ahead = timedelta(0)
    folder.put("x.csv", "a\n1\n")
    assert names(folder) == ["x.csv"]


@pytest.mark.parametrize(
    ("name", "pattern", "wanted"),
    [
        ("a.csv", "*.csv", True),
        ("sub/a.csv", "*.csv", False),
        ("sub/a.csv", "*/*.csv", True),
        ("a.csv", "**/*.csv", True),
        ("x/y/z/a.csv", "**/*.csv", True),
        ("x/y/z/a.csv", "x/**/a.csv", True),
        ("x/a.csv", "x/**/a.csv", True),
        ("y/a.csv", "x/**/a.csv", False),
        ("A.csv", "a.csv", False),
        ("a1.csv", "a[0-9].csv", True),
        ("a.csv", "?.csv", True),
        ("a.csv", "./a.csv", True),
    ],
)
def test_names_match_as_in_a_folder(
    folder: Folder, name: str, pattern: str, *, wanted: bool
) -> None:
    """A pattern means the same for a name behind a URL as for a file in a folder."""
    assert matches(name, pattern) is wanted
    folder.put(name, "a\n1\n")
    listing = folder.connector.discover(
        StreamSpec("s", {"glob": pattern}), State(digests=frozenset("0"))
    )
    assert [ref.name for ref in listing.new] == ([name] if wanted else [])
