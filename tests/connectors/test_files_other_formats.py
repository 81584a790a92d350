"""NDJSON and Parquet."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from folders import Folder

from connectors.base import ColumnSpec
from connectors.errors import OptionError, PermanentError
from connectors.files import ndjson


def test_json_lines_come_as_they_stand(folder: Folder) -> None:
    """Numbers keep their digits; malformed lines are delivered too, for the caller to refuse."""
    lines = ['{"n": 1.10000000000000000001}', "{broken", '{"s": "a\\nb"}']
    folder.put("x.ndjson", "\ufeff" + "\r\n".join(lines) + "\n \n\n")
    batch = folder.open("x.ndjson")
    table = batch.reader().read_all()
    assert table.to_pydict() == {"_line": lines, "_row": [1, 2, 3]}
    assert (batch.layout, batch.typed) == ("json_lines", False)
    assert (batch.receipt().blank_rows, batch.receipt().counted_rows) == (2, 3)


@pytest.mark.parametrize("block", [1, 2, 5, 64])
def test_lines_do_not_depend_on_blocks(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """However the bytes are cut, the lines are the same, with or without a final line end."""
    monkeypatch.setattr(ndjson, "BLOCK", block)
    lines = [f'{{"i": {i}, "s": "é€"}}' for i in range(30)]
    for end in ("", "\n"):
        folder.put("x.jsonl", "\n".join(lines) + end)
        table = folder.open("x.jsonl").reader().read_all()
        assert table.column("_line").to_pylist() == lines
        assert table.column("_row").to_pylist() == list(range(1, 31))


def test_a_json_array_is_refused(folder: Folder) -> None:
    """One large array is not NDJSON, and the error says what to export."""
    folder.put("x.json", ' \n[{"a": 1}]')
    with pytest.raises(PermanentError, match=r"one JSON array.*Set the option format: json"):
        folder.open("x.json").reader().read_all()


def test_an_endless_line_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit does not fill the memory."""
    monkeypatch.setattr(ndjson, "LONGEST", 1000)
    folder.put("x.ndjson", "{}\n" + "x" * 5000)
    with pytest.raises(PermanentError, match="after row 1 is longer"):
        folder.open("x.ndjson").reader().read_all()


def test_an_empty_ndjson_file_is_refused(folder: Folder) -> None:
    """No byte at all is not an export of no rows."""
    folder.put("x.ndjson", "")
    with pytest.raises(PermanentError, match="the file is empty"):
        folder.open("x.ndjson")


def parquet(folder: Folder, name: str = "x.parquet") -> pa.Table:
    table = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int32()),
            "amount": pa.array([Decimal("1.10"), None, Decimal("2.20")], pa.decimal128(5, 2)),
            "tags": pa.array([["a"], [], None], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, folder.root / name)
    return table


def test_parquet_keeps_its_types(folder: Folder) -> None:
    """Columns are selected by header and delivered as the file types them."""
    table = parquet(folder)
    columns = (ColumnSpec("sum", header="amount"), ColumnSpec("gone"))
    batch = folder.open("x.parquet", columns)
    read = batch.reader().read_all()
    assert batch.typed
    assert read.schema.names == ["sum", "gone", "id", "tags", "_row"]
    assert read.column("sum").to_pylist() == table.column("amount").to_pylist()
    assert read.schema.field("sum").type == pa.decimal128(5, 2)
    assert read.column("_row").to_pylist() == [1, 2, 3]
    receipt = batch.receipt()
    assert (receipt.declared_total, receipt.counted_rows, receipt.rows_received) == (3, 3, 3)
    assert (receipt.extra_columns, receipt.missing_columns) == (("id", "tags"), ("gone",))


def test_parquet_without_any_declared_column_still_counts(folder: Folder) -> None:
    """Where no column is delivered, the rows are there all the same."""
    parquet(folder)
    batch = folder.open("x.parquet", (ColumnSpec("gone"),), spec={"new_column": "drop"})
    assert batch.reader().read_all().to_pylist() == [
        {"gone": None, "_row": row} for row in (1, 2, 3)
    ]


@pytest.mark.parametrize("kept", [0, 3, 200])
def test_a_damaged_parquet_file_is_permanent(folder: Folder, kept: int) -> None:
    """A file that was cut short is refused as such."""
    parquet(folder)
    path = folder.root / "x.parquet"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(PermanentError, match="not a sound Parquet file"):
        folder.open("x.parquet")


def test_an_unknown_extension_needs_a_format(folder: Folder) -> None:
    """The format is never guessed from the contents."""
    folder.put("x.dat", "a\n1\n")
    with pytest.raises(OptionError, match="csv, tsv, ndjson, json, parquet, xlsx"):
        folder.open("x.dat")
    assert folder.open("x.dat", format="csv").reader().read_all().num_rows == 1
