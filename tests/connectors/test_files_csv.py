"""CSV as it is found in the wild: quotes, line ends, ragged rows, headers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from folders import Folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import ColumnSpec, StreamSpec
from connectors.errors import OptionError, PermanentError
from connectors.files import delimited, scan
from connectors.files.opening import open_file
from connectors.files.options import FilesStream
from connectors.files.scan import RowCounter

Rows = Callable[..., list[dict[str, Any]]]


def test_every_cell_is_text_and_empty_is_not_null(rows: Rows) -> None:
    """Numbers, nulls and blanks come as written: nothing is interpreted."""
    assert rows('a,b,c\n007,NULL,\n1.50,"",?\n') == [
        {"a": "007", "b": "NULL", "c": "", "_row": 1},
        {"a": "1.50", "b": "", "c": "?", "_row": 2},
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(rows: Rows, end: str, last: bool) -> None:
    """LF, CRLF and CR end a row; the last one may lack it."""
    text = end.join(["a,b", "1,x", "2,y"]) + (end if last else "")
    assert [(r["a"], r["b"]) for r in rows(text)] == [("1", "x"), ("2", "y")]


def test_quoted_line_ends_delimiters_and_quotes_are_text(rows: Rows) -> None:
    """A quoted cell may hold line ends, delimiters and doubled quotes."""
    (row,) = rows('a,b\r\n"x\r\ny, z","say ""hi"""\r\n')
    assert (row["a"], row["b"]) == ("x\r\ny, z", 'say "hi"')


def test_blank_lines_are_counted_and_are_no_rows(folder: Folder) -> None:
    """Empty lines, above the header too, take no row number and stand in the receipt."""
    batch, table = folder.read("\n\na\n1\n\n2\n\n\n")
    assert table.column("_row").to_pylist() == [1, 2]
    assert batch.receipt().blank_rows == 5


def test_ragged_rows_are_refused_one_by_one(folder: Folder) -> None:
    """A row with too few or too many cells is refused with number, text and reason."""
    batch, table = folder.read('a,b\n1,x\n2\n\n3,y\n4,"p\nq",5\n6,z\n')
    assert table.to_pydict() == {"a": ["1", "3", "6"], "b": ["x", "y", "z"], "_row": [1, 3, 5]}
    assert batch.ragged().to_pylist() == [
        {"row": 2, "text": "2", "reason": "the row has 1 cells where 2 are expected"},
        {"row": 4, "text": '4,"p\nq",5', "reason": "the row has 3 cells where 2 are expected"},
    ]
    receipt = batch.receipt()
    assert (receipt.rows_received, receipt.ragged_rows, receipt.counted_rows) == (3, 2, 5)


def test_row_numbers_hold_over_blocks(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the file is cut into blocks, a delivered row has its own number."""
    monkeypatch.setattr(delimited, "BLOCK", 1 << 12)
    monkeypatch.setattr(scan, "PIECE", 1000)
    text = "a,b\n" + "".join(f"{i},x\n" if i % 7 else f"{i}\n" for i in range(1, 9001))
    text += "".join(f"{i}\n" for i in range(9001, 12001)) + "12001,x\n"
    batch, table = folder.read(text)
    numbers = table.column("_row").to_pylist()
    assert [str(n) for n in numbers] == table.column("a").to_pylist()
    assert {str(r.row) for r in batch.tally.ragged} == {r.text for r in batch.tally.ragged}
    assert len(numbers) + len(batch.tally.ragged) == 12001


def test_too_many_ragged_rows_end_the_reading(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose rows all differ from its header does not fill the memory."""
    monkeypatch.setattr(delimited, "MOST_RAGGED", 10)
    with pytest.raises(PermanentError, match="more than 10 rows do not have the header's number"):
        folder.read("a,b\n" + "1\n" * 50)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('a,b\n1,x\n2,"open\n3,y\n4,z\n', 3, "begins here and never ends"),
        ('a,b\n1,"open\n2,x\n3,"y"\n4,z\n', 4, "the quoted cell begins in line 2"),
        ('a,b\n1,"x"y\n', 2, "text after a closing quote"),
        ('a,b\n1,""y\n', 2, "text after a closing quote"),
        ('a,b\n1,"\n', 2, "never ends"),
    ],
)
def test_wrong_quotes_refuse_the_file(folder: Folder, text: str, line: int, what: str) -> None:
    """An unterminated or misplaced quote would glue rows together: the line is named."""
    with pytest.raises(PermanentError, match=f"data/x.csv, line {line}: .*{what}"):
        folder.read(text)


def test_an_unterminated_quote_in_a_large_file_is_located(folder: Folder) -> None:
    """Where the parser gives up on a huge cell, the error still names the opening line."""
    text = "a,b\n" + "1,x\n" * 100 + '2,"open\n' + "3,y\n" * 2_000_000
    with pytest.raises(PermanentError, match="line 102: a quoted cell begins here"):
        folder.read(text)


def test_a_row_beyond_the_block_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single row larger than a block is an error that says so."""
    monkeypatch.setattr(delimited, "BLOCK", 1 << 20)
    with pytest.raises(PermanentError, match="a row is larger than 1 MiB"):
        folder.read('a,b\n1,"' + "x" * 5_000_000 + '"\n')


def test_stray_quotes_are_text_with_a_warning(folder: Folder) -> None:
    """An inch mark in an unquoted cell is part of the cell, and the receipt says so."""
    batch, table = folder.read('a,b\n1,5" disk\n2,abc"\n3,x\n')
    assert table.column("b").to_pylist() == ['5" disk', 'abc"', "x"]
    assert batch.receipt().warnings == ("2 quotes inside unquoted cells were taken as text",)


def test_without_quoting_every_quote_is_text(rows: Rows) -> None:
    """`quote: ""` reads what a quoting reader must refuse."""
    assert [r["b"] for r in rows('a,b\n1,"x\n2,y"\n', quote="")] == ['"x', 'y"']


def test_the_counts_are_independent(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the two counts differ by one row, the file is refused."""
    honest = RowCounter.finish

    def one_more(counter: RowCounter) -> None:
        honest(counter)
        counter.rows += 1

    monkeypatch.setattr(RowCounter, "finish", one_more)
    with pytest.raises(PermanentError, match="the parser saw 2 rows, the file has 3"):
        folder.read("a\n1\n2\n")


def test_empty_file_and_header_only(folder: Folder) -> None:
    """No byte at all is an error; a header without rows is a batch of none."""
    for nothing in ("", "\ufeff", "\n\n"):
        with pytest.raises(PermanentError, match="there is no header"):
            folder.read(nothing)
    for header in ("a,b", "a,b\n", "a,b\r\n\r\n"):
        batch, table = folder.read(header)
        assert table.num_rows == 0
        assert table.schema.names == ["a", "b", "_row"]
        assert batch.receipt().counted_rows == 0


def test_a_wrong_header_is_refused_by_line(folder: Folder) -> None:
    """Quotes that never close in the header are reported as the header's."""
    with pytest.raises(PermanentError, match="the header cannot be read"):
        folder.read('"a,b\n1,2\n')


def test_skip_rows_and_no_header(folder: Folder) -> None:
    """Lines above the header are left out; without a header, position or order decides."""
    text = 'Report "x,\nof 2026\na,b\n1,2\n'
    assert folder.read(text, skip_rows=2)[1].to_pylist() == [{"a": "1", "b": "2", "_row": 1}]
    folder.put("y.csv", "1,2,3\n4,5,6\n")
    columns = (
        ColumnSpec("p", position=3),
        ColumnSpec("q", position=1),
        ColumnSpec("r", position=9),
    )
    batch = folder.open("y.csv", columns, header=False)
    assert batch.reader().read_all().to_pydict() == {
        "p": ["3", "6"],
        "q": ["1", "4"],
        "r": [None, None],
        "_row": [1, 2],
    }
    assert batch.receipt().missing_columns == ("r",)
    assert batch.receipt().extra_columns == ("column 2",)


def test_columns_are_found_by_header_then_position(folder: Folder) -> None:
    """Exact header without surrounding spaces; a repeated or blank one needs its position."""
    folder.put("x.csv", " id ,,Date,Date,New\n1,2,3,4,5\n")
    columns = (
        ColumnSpec("late", header="Date", position=4),
        ColumnSpec("id"),
        ColumnSpec("blank", position=2),
        ColumnSpec("gone"),
    )
    batch = folder.open("x.csv", columns)
    assert (batch.tally.extra_columns, batch.tally.missing_columns) == (("Date", "New"), ("gone",))
    assert batch.reader().read_all().to_pylist() == [
        {"late": "4", "id": "1", "blank": "2", "gone": None, "Date": "3", "New": "5", "_row": 1}
    ]
    assert batch.receipt().header == (" id ", "", "Date", "Date", "New")


def test_an_ambiguous_header_is_refused_only_where_it_is_needed(folder: Folder) -> None:
    """A repeated header matters if a declared column asks for it, otherwise it is left out."""
    folder.put("x.csv", "id,d,d\n1,2,3\n")
    with pytest.raises(PermanentError, match="stands 2 times: columns 2, 3"):
        folder.open("x.csv", (ColumnSpec("d"),))
    batch = folder.open("x.csv", (ColumnSpec("id"),))
    assert batch.schema.names == ["id", "_row"]
    batch.reader().read_all()
    assert "'d' (column 2), 'd' (column 3)" in batch.receipt().warnings[0]


def test_a_shifted_position_is_not_taken(folder: Folder) -> None:
    """If another header stands at the position, the column is missing, not silently wrong."""
    folder.put("x.csv", "id,extra,x\n1,2,3\n")
    batch = folder.open("x.csv", (ColumnSpec("score", header="Score", position=2),))
    assert batch.tally.missing_columns == ("score",)
    assert batch.tally.warnings == ["column 2 is headed 'extra', not 'Score': not taken"]


@pytest.mark.parametrize(
    ("new_column", "names"), [("keep", ["a", "b"]), ("drop", ["a"]), ("block", ["a"])]
)
def test_new_columns(folder: Folder, new_column: str, names: list[str]) -> None:
    """Undeclared columns are kept, or only reported; the caller decides what blocks."""
    folder.put("x.csv", "a,b\n1,2\n")
    batch = folder.open("x.csv", (ColumnSpec("a"),), spec={"new_column": new_column})
    assert batch.schema.names == [*names, "_row"]
    assert batch.tally.extra_columns == ("b",)


def test_a_new_column_never_hides_a_declared_one(folder: Folder) -> None:
    """A header that equals a delivered name, but for its case, or `_row`, is left out."""
    folder.put("x.csv", "Kunde,ID,id,_row\n1,2,3,4\n")
    batch = folder.open("x.csv", (ColumnSpec("id", header="Kunde"),))
    assert batch.reader().read_all().to_pylist() == [{"id": "1", "_row": 1}]


def test_unusual_delimiters(folder: Folder) -> None:
    """Semicolons, tabs (by extension too) and bars separate cells if declared."""
    assert folder.read("a;b\n1,5;2\n", delimiter=";")[1].column("a").to_pylist() == ["1,5"]
    folder.put("x.tsv", "a\tb\n1\t2\n")
    assert folder.open("x.tsv").reader().read_all().column("b").to_pylist() == ["2"]


@pytest.mark.parametrize(
    ("options", "option", "legal"),
    [
        ({"delimeter": ";"}, "delimeter", "delimiter?"),
        ({"delimiter": ";;"}, "delimiter", "one ASCII character"),
        ({"delimiter": "§"}, "delimiter", "one ASCII character"),
        ({"delimiter": '"'}, "(all)", ""),
        ({"quote": "\n"}, "quote", "one ASCII character"),
        ({"encoding": "utf-9"}, "encoding", "a Python encoding"),
        ({"encoding": "zlib"}, "encoding", "a Python encoding"),
        ({"format": "xls"}, "format", "csv, tsv, ndjson, json, parquet, xlsx"),
        ({"skip_rows": -1}, "skip_rows", "lines above the header"),
        ({"glob": "../x.csv"}, "glob", "a pattern under root"),
        ({"glob": "/etc/passwd"}, "glob", "a pattern under root"),
        ({"glob": "**.csv"}, "glob", "a pattern under root"),
    ],
)
def test_options_are_checked(
    folder: Folder, options: dict[str, Any], option: str, legal: str
) -> None:
    """Unknown options and illegal values are refused with what would be legal."""
    folder.put("x.csv", "a\n1\n")
    with pytest.raises(OptionError) as caught:
        folder.discover(**options)
    assert caught.value.option == option
    assert legal in str(caught.value)


def test_reading_twice_or_a_receipt_too_early_is_a_mistake(folder: Folder) -> None:
    """Rows are handed over once, and there is no receipt before their end."""
    folder.put("x.csv", "a\n1\n")
    batch = folder.open("x.csv")
    with pytest.raises(RuntimeError, match="not read to its end"):
        batch.receipt()
    batch.reader().read_all()
    with pytest.raises(RuntimeError, match="already handed over"):
        batch.reader()
    assert batch.receipt().as_dict()["rows_received"] == 1


def test_the_failure_survives_a_consumer_that_hides_it(folder: Folder) -> None:
    """Whoever reads the stream, the connector's own error stays with the batch."""
    folder.put("x.csv", 'a\n1\n"2\n')
    batch = folder.open("x.csv")
    with pytest.raises(PermanentError) as caught:
        batch.reader().read_all()
    assert batch.failure is caught.value
    with pytest.raises(RuntimeError):
        batch.receipt()


# --- properties ------------------------------------------------------------------------

CELL = st.text(alphabet=st.sampled_from("ab1 é€𝄞,;|\t\"'\n\r\u2028"), max_size=6) | st.just("")


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    width=st.integers(1, 4),
    data=st.data(),
    delimiter=st.sampled_from(",;|\t"),
    quote=st.sampled_from("\"'"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    piece=st.sampled_from([1, 3, 7, 1 << 18]),
)
def test_what_csv_writer_wrote_comes_back(
    folder: Folder,
    width: int,
    data: st.DataObject,
    delimiter: str,
    quote: str,
    end: str,
    quoting: Any,
    encoding: str,
    piece: int,
) -> None:
    """Any table, in any dialect and encoding, comes back cell for cell and reconciles."""
    table = data.draw(st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))
    if quoting == csv.QUOTE_MINIMAL and end != "\r\n":
        # the writer quotes only its own line end; the other one would stand bare in a cell
        table = [[cell.replace("\r", "").replace("\n", "") for cell in row] for row in table]
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=delimiter, quotechar=quote, lineterminator=end, quoting=quoting
    )
    writer.writerow([f"c{i}" for i in range(width)])
    writer.writerows(table)
    options = {"delimiter": delimiter, "quote": quote, "encoding": encoding}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "PIECE", piece)
        batch, read = folder.read(out.getvalue().encode(encoding), **options)
    columns = [read.column(f"c{i}").to_pylist() for i in range(width)]
    assert [list(cells) for cells in zip(*columns, strict=True)] == table
    assert batch.receipt().counted_rows == len(table)
    assert batch.ragged().num_rows == 0


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet='a,"\n\r', max_size=24), piece=st.integers(1, 5))
def test_hostile_text_reconciles_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, piece: int
) -> None:
    """However quotes and line ends fall, the parser and the counter agree or the file is refused
    for its quotes: never for a difference in their counts.
    """
    path: Path = tmp_path_factory.getbasetemp() / "hostile.csv"
    path.write_bytes(b"h,h2\n" + text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "PIECE", piece)
        try:
            opened = open_file(
                path, StreamSpec("s"), FilesStream(glob="*"), name="x.csv", where="x.csv"
            )
            received = sum(batch.num_rows for batch in opened.rows())
        except PermanentError as error:
            assert "quote" in str(error)  # noqa: PT017  any other refusal is a defect
            return
    assert received + len(opened.tally.ragged) == opened.tally.counted_rows
