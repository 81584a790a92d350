"""XLSX: every cell as text, every row counted twice."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import workbooks as xl
from folders import Folder

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.batch import Batch
from connectors.errors import OptionError, PermanentError
from connectors.files import FilesConnector, sheet, workbook


def read(folder: Folder, xml: str, *names: str, **options: Any) -> tuple[Batch, list[Any]]:
    """The rows of a workbook of one sheet."""
    xl.book(folder.root / "x.xlsx", {"Data": xml})
    batch = folder.open("x.xlsx", tuple(ColumnSpec(n) for n in names), **options)
    return batch, batch.reader().read_all().to_pylist()


def test_cells_become_text(folder: Folder) -> None:
    """Numbers have no .0 and no exponent, times are ISO 8601, errors and truth are words."""
    cells = [
        (xl.number("1"), "1"),
        (xl.number("-12.50"), "-12.5"),
        (xl.number("0.1"), "0.1"),
        (xl.number("1E-3"), "0.001"),
        (xl.number("1e-07"), "0.0000001"),
        (xl.number("123456789012345"), "123456789012345"),
        (xl.number("-0"), "0"),
        (xl.number("46000", xl.DATE), "2025-12-09"),
        (xl.number("46000", xl.MOMENT), "2025-12-09"),
        (xl.number("46000.5", xl.MOMENT), "2025-12-09T12:00:00"),
        (xl.number("0.75", xl.TIME), "18:00:00"),
        (xl.number("1.75", xl.LENGTH), "42:00:00"),
        (xl.truth(value=True), "true"),
        (xl.truth(value=False), "false"),
        (xl.error("#N/A"), "#N/A"),
        (xl.error("#DIV/0!"), "#DIV/0!"),
        (xl.text(" 007 <&>\n"), " 007 <&>\n"),
        ('<c{r} t="str"><f>A1</f><v>made &amp; up</v></c>', "made & up"),
        ('<c{r} t="d"><v>2026-07-01T10:00:00Z</v></c>', "2026-07-01T10:00:00Z"),
        ('<c{r} s="1"/>', ""),
    ]
    rows = {n: {"A": "x", "B": cell} for n, (cell, _) in enumerate(cells, start=2)}
    batch, table = read(folder, xl.sheet({1: {"A": "id", "B": "cell"}, **rows}))
    assert [row["cell"] for row in table] == [wanted for _, wanted in cells]
    assert [row["_row"] for row in table] == list(range(1, len(cells) + 1))
    assert (batch.layout, batch.typed) == ("columns", False)


def test_long_numbers_are_delivered_and_noted(folder: Folder) -> None:
    """A double of 17 digits comes as the file holds it, and the receipt says so."""
    xml = xl.table(["n"], [xl.number("0.30000000000000004")], [xl.number("123456789012345678901")])
    batch, table = read(folder, xml)
    assert [row["n"] for row in table] == ["0.30000000000000004", "123456789012345680000"]
    (warning,) = batch.receipt().warnings
    assert "2 numbers have more than 15 digits" in warning
    assert "0.30000000000000004 in row 2" in warning


def test_numbers_take_the_marks_of_their_column(folder: Folder) -> None:
    """In a column whose texts have decimal commas, true numbers are delivered with one."""
    xl.book(
        folder.root / "x.xlsx",
        {"S": xl.table(["v"], [xl.number("1.234")], [xl.text("1.234,5")], [7])},
    )
    batch = folder.open("x.xlsx", (ColumnSpec("v", decimal_mark=","),))
    assert batch.reader().read_all().column("v").to_pylist() == ["1,234", "1.234,5", "7"]


def test_a_table_may_stand_anywhere(folder: Folder) -> None:
    """Titles above are skipped; blank rows and columns, also trailing ones, are not data."""
    xml = xl.sheet(
        {
            1: {"A": "Quarterly export"},
            4: {"C": "id", "D": "team"},
            5: {"C": 1, "D": "ops", "F": '<c{r} s="1"/>'},
            7: {"C": 2, "D": "hr"},
            9: {"A": '<c{r} s="1"/>'},
        }
    )
    batch, table = read(folder, xml, skip_rows=1)
    assert [(row["id"], row["team"], row["_row"]) for row in table] == [
        ("1", "ops", 1),
        ("2", "hr", 2),
    ]
    receipt = batch.receipt()
    assert (receipt.rows_received, receipt.counted_rows, receipt.blank_rows) == (2, 2, 1)
    assert (receipt.extra_columns, receipt.warnings) == (("id", "team"), ())


def test_columns_without_a_header_are_found_by_position(folder: Folder) -> None:
    """A column is counted from A; one beside the table that holds something is reported."""
    xl.book(
        folder.root / "x.xlsx",
        {"S": xl.sheet({1: {"B": "id"}, 2: {"B": 1, "D": "note"}})},
    )
    batch = folder.open("x.xlsx", (ColumnSpec("id"), ColumnSpec("note", position=4)))
    assert batch.reader().read_all().to_pylist() == [{"id": "1", "note": "note", "_row": 1}]
    plain = folder.open("x.xlsx", (ColumnSpec("id"),))
    plain.reader().read_all()
    assert "column 4" in plain.receipt().warnings[0]


def test_without_a_header_every_row_is_data(folder: Folder) -> None:
    """`header: false` takes columns in the order of their declaration."""
    _, table = read(folder, xl.table([1, "a"], [2, "b"]), "id", "name", header=False)
    assert table == [{"id": "1", "name": "a", "_row": 1}, {"id": "2", "name": "b", "_row": 2}]


def test_merged_cells_come_as_the_file_has_them(folder: Folder) -> None:
    """A merged value is delivered once, in its first cell, so that no sum counts it twice."""
    xml = xl.sheet(
        {1: {"A": "team", "B": "hours"}, 2: {"A": "ops", "B": 5}, 3: {"B": 6}}, ["A2:A3"]
    )
    batch, table = read(folder, xml)
    assert [(row["team"], row["hours"]) for row in table] == [("ops", "5"), ("", "6")]
    assert "1 areas of merged cells, such as A2:A3" in batch.receipt().warnings[0]


def test_a_header_of_two_rows_with_merged_groups(folder: Folder) -> None:
    """Names of groups that span columns are joined with the names below; footers are left out."""
    xml = xl.sheet(
        {
            1: {"A": "Team", "B": "Q1", "D": "Q2"},
            2: {"B": "Revenue", "C": "Cost", "D": "Revenue", "E": "Cost"},
            3: {"A": "ops", "B": 1, "C": 2, "D": 3, "E": 4},
            5: {"A": "Total", "B": 1},
        },
        ["B1:C1", "D1:E1", "A1:A2"],
    )
    batch, table = read(folder, xml, header_rows=2, footer_rows=1)
    assert batch.receipt().header == ("Team", "Q1 Revenue", "Q1 Cost", "Q2 Revenue", "Q2 Cost")
    assert [row["Q2 Cost"] for row in table] == ["4"]
    receipt = batch.receipt()
    assert (receipt.rows_received, receipt.footer_rows, receipt.counted_rows) == (1, 1, 1)
    assert receipt.warnings == ()


def test_rows_do_not_depend_on_batches(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows are taken at once, numbers and footer are the same."""
    monkeypatch.setattr(sheet, "ROWS", 3)
    rows = [[i, f"t{i}"] for i in range(10)]
    batch, table = read(folder, xl.table(["id", "t"], *rows), footer_rows=4)
    assert [(row["id"], row["_row"]) for row in table] == [(str(i), i + 1) for i in range(6)]
    assert batch.receipt().footer_rows == 4


def test_shared_texts_that_are_empty_make_no_row(folder: Folder) -> None:
    """A row of empty texts is blank, whatever the XML holds for it."""
    shared = '<c{r} t="s"><v>0</v></c>'
    xml = xl.sheet({1: {"A": "id"}, 2: {"A": shared}, 3: {"A": 1}})
    xl.book(folder.root / "x.xlsx", {"S": xml}, shared=[""])
    batch = folder.open("x.xlsx")
    assert batch.reader().read_all().to_pylist() == [{"id": "1", "_row": 1}]
    assert (batch.receipt().counted_rows, batch.receipt().blank_rows) == (1, 1)


def test_a_lost_row_is_noticed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the parser and the XML disagree on a row, nothing is taken from the file."""
    filled = sheet.SheetRows._filled

    def without_third(rows: sheet.SheetRows) -> Any:
        return (row for row in filled(rows) if row[0] != 3)

    monkeypatch.setattr(sheet.SheetRows, "_filled", without_third)
    with pytest.raises(PermanentError, match="row 3 and 0 others were read differently"):
        read(folder, xl.table(["id"], [1], [2], [3]))


def test_sheets_by_name_and_number(folder: Folder) -> None:
    """The first sheet is the default; a wrong name is answered with those there are."""
    xl.book(folder.root / "x.xlsx", {"One": xl.table(["a"]), "Tw&o": xl.table(["b"])})

    def header(**options: Any) -> tuple[str, ...]:
        return folder.open("x.xlsx", **options).tally.header

    assert (header(), header(sheet=2), header(sheet="Tw&o")) == (("a",), ("b",), ("b",))
    with pytest.raises(OptionError, match=r"no sheet 'Twoo'.*One, Tw&o"):
        header(sheet="Twoo")
    with pytest.raises(OptionError, match=r"no sheet 3.*1 \(One\), 2 \(Tw&o\)"):
        header(sheet=3)
    for wrong in (0, True, "", 1.5):
        with pytest.raises(OptionError, match="a sheet's name, or its number from 1"):
            header(sheet=wrong)


def test_dates_of_a_1904_workbook(folder: Folder) -> None:
    """A workbook that counts days from 1904 gives the dates that it shows."""
    xml = xl.table(["d"], [xl.number("1", xl.DATE)])
    xl.book(folder.root / "x.xlsx", {"S": xml}, extra='<workbookPr date1904="1"/>')
    table = folder.open("x.xlsx").reader().read_all()
    assert table.column("d").to_pylist() == ["1904-01-02"]


@pytest.mark.parametrize(
    ("xml", "what"),
    [
        (xl.table(), "the file is empty: there is no header"),
        (xl.sheet({1: {"A": "a"}}).replace("</worksheet>", ""), "not a sound XLSX file"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]>" + xl.table(["a"]), "declares a document type"),
        (xl.sheet({1: {"A": "a"}, 1048576: {"XFD": 1}}), "more than 33,554,432 cells"),
        (
            xl.sheet({1: {"A": 1}, 2: {"A": 2}}).replace('r="2"', 'r="1"'),
            "the row 1 stands twice",
        ),
    ],
)
def test_malformed_sheets_are_refused(folder: Folder, xml: str, what: str) -> None:
    """Broken XML, entities, repeated rows and a cell in the last corner are refused at once."""
    with pytest.raises(PermanentError, match=what):
        read(folder, xml)


def test_files_that_are_no_workbooks(folder: Folder) -> None:
    """An old or protected workbook, a cut or a foreign file are named for what they are."""
    whole = xl.book(folder.root / "x.xlsx", {"S": xl.table(["a"])}).read_bytes()
    for data, what in (
        (b"\xd0\xcf\x11\xe0" + bytes(600), "protected by a password, or .* the old kind"),
        (whole[:-40], "not a sound XLSX file"),
        (b"a,b\n1,2\n", "not a sound XLSX file"),
        (b"", "not a sound XLSX file"),
        (whole[:200] + b"\xff" + whole[201:], "not a sound XLSX file"),
    ):
        folder.put("x.xlsx", data)
        with pytest.raises(PermanentError, match=what):
            folder.open("x.xlsx")


def test_a_bomb_is_stopped_whatever_size_it_claims(folder: Folder) -> None:
    """What expands beyond `max_bytes` is refused, also where the archive states a small size."""
    path = xl.book(folder.root / "x.xlsx", {"S": xl.table(["a"])})
    bomb = folder.root / "y.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
        new.writestr("xl/media/huge.bin", bytes(20_000_000))
    with pytest.raises(PermanentError, match="more than 10,000,000 bytes"):
        folder.open("y.xlsx", max_bytes=10_000_000)
    size = (20_000_000).to_bytes(4, "little")
    bomb.write_bytes(bomb.read_bytes().replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(PermanentError, match="more than 10,000,000 bytes"):
        folder.open("y.xlsx", max_bytes=10_000_000)


def test_the_extent_is_known_before_the_sheet_is_held(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet beyond the limit is refused by its XML; the parser never sees it."""
    monkeypatch.setattr(workbook, "MOST_CELLS", 5)
    monkeypatch.setattr(sheet, "CalamineWorkbook", None)
    with pytest.raises(PermanentError, match="spans 2 rows and 3 columns"):
        read(folder, xl.table(["a", "b", "c"], [1, 2, 3]))


def test_parts_and_prefixes_may_have_any_name(tmp_path: Path) -> None:
    """Names of parts and prefixes are taken from the file, not from habit."""
    path = xl.book(tmp_path / "a.xlsx", {"S": xl.table(["id"], [1], ["x"])})
    moved = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(moved, "w") as new:
        for info in old.infolist():
            text = old.read(info).decode()
            name = info.filename.replace("worksheets/sheet1", "tabs/first")
            text = text.replace('"worksheets/sheet1', '"/xl/tabs/first')
            if name.startswith("xl/tabs"):
                text = (
                    text.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
                )
            new.writestr(name, text)
    path.unlink()
    connector = FilesConnector({}, base=tmp_path)
    spec = StreamSpec("s", {"glob": "*.xlsx"})
    (ref,) = connector.discover(spec, State()).new
    batch = connector.extract(spec, ref, tmp_path)
    assert [row["id"] for row in batch.reader().read_all().to_pylist()] == ["1", "x"]
