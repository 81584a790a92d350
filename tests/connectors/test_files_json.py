"""One JSON document: records are cut out of it as they stand."""

from __future__ import annotations

import gzip
import json
import resource
from decimal import Decimal
from typing import Any

import pytest
from folders import Folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.batch import Batch
from connectors.errors import OptionError, PermanentError
from connectors.files import text
from connectors.jsontext import records as json_records


def read(folder: Folder, content: str | bytes, **options: Any) -> tuple[Batch, list[str]]:
    """The records of a document."""
    folder.put("x.json", content)
    batch = folder.open("x.json", format="json", **options)
    lines: list[str] = batch.reader().read_all().column("_line").to_pylist()
    return batch, lines


def test_records_come_as_they_stand(folder: Folder) -> None:
    """Numbers keep their digits, texts their braces, records their line breaks."""
    records = [
        '{"n": 1.10000000000000000001, "t": "a ] } , \\" b"}',
        '{"deep": [[1, {"x": []}], {}],\n  "e": 1E400}',
        "{}",
        '{"s": "\\\\", "u": "é€\\u00e9"}',
    ]
    batch, lines = read(folder, "\ufeff [ " + " ,\r\n".join(records) + "]\n")
    assert lines == records
    receipt = batch.receipt()
    assert (batch.layout, batch.typed) == ("json_lines", False)
    assert (receipt.rows_received, receipt.counted_rows) == (4, 4)


@pytest.mark.parametrize("document", ["[]", " [ \n] ", '{"a": {"b": []}}'])
def test_an_empty_array_is_no_rows(folder: Folder, document: str) -> None:
    """An export of nothing is a sound document without rows."""
    options = {"records": "a.b"} if "{" in document else {}
    batch, lines = read(folder, document, **options)
    assert (lines, batch.receipt().counted_rows) == ([], 0)


def test_the_way_to_the_records(folder: Folder) -> None:
    """A dotted way goes through objects, past whatever stands before and after."""
    document = {
        "items": [{"no": 1}],
        "page": {"a": [1, [2]], "t": '"}]', "n": None},
        "data": {"items.x": [], "total": 2, "items": [{"id": 1}, {"id": 2}], "more": {"items": 0}},
        "end": [{"data": {}}],
    }
    for indent in (None, 2):
        _, lines = read(folder, json.dumps(document, indent=indent), records="data.items")
        assert [json.loads(line) for line in lines] == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("document", "records", "what"),
    [
        (
            '{"data": {"rows": []}}',
            "data.items",
            r"data is an object with the keys: rows\. Correct",
        ),
        ('{"data": {"items": null}}', "data.items", "data.items is null, not an array"),
        ('{"data": [{"items": []}]}', "data.items", "data is an array, not an object"),
        ('[{"a": 1}]', "data", "the document is an array, not an object"),
        ('{"a": 1, "rows": []}', None, "its keys are: a, rows.*records: data.items"),
        ('"text"', None, "is a text, not an array"),
        ("17", None, "is 17, not an array"),
        ('{"rows": [], "rows": [{"a": 1}]}', "rows", 'the key "rows" .* stands twice'),
        ('{"d": {"r": []}, "d": {"r": [{}]}}', "d.r", 'the key "d" .* stands twice'),
        ('[{"a": 1}]\n[{"a": 2}]', None, r"text after the end of the document: \["),
        ('{"a": 1}\n{"a": 2}', None, "is one object.*format: ndjson"),
        ('[{"a": 1},]', None, "item 2 of the array is empty"),
        ('[,{"a": 1}]', None, "item 1 of the array is empty"),
        (" \n ", None, "the document ends at byte 3 and is not complete"),
        ("", None, "the file is empty"),
    ],
)
def test_other_documents_are_refused(
    folder: Folder, document: str, records: str | None, what: str
) -> None:
    """Where there is no one array of records, the error says what is there instead."""
    with pytest.raises(PermanentError, match=what):
        read(folder, document, records=records)


WHOLE = '{"meta": {"t": "a\\"b"}, "rows": [{"a": "\\\\"}, {"b": [1, 2]}, {"c": "}]"}], "n": 3}'


@pytest.mark.parametrize("kept", range(1, len(WHOLE)))
def test_a_document_cut_short_is_refused(folder: Folder, kept: int) -> None:
    """Wherever a document ends too early, it is refused with the place at which it ends."""
    with pytest.raises(PermanentError, match=f"the document ends at byte {kept} and is not"):
        read(folder, WHOLE[:kept], records="rows")


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_records_do_not_depend_on_blocks(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """However the bytes are cut, in texts and escapes too, the records are the same."""
    monkeypatch.setattr(json_records, "BLOCK", block)
    monkeypatch.setattr(text, "CHUNK", block)
    records = [{"i": i, "s": '\\"é€\\\\' * (i % 4), "d": [[], {"x": "]"}]} for i in range(12)]
    document = {"pre": ["\\", '"'], "rows": records, "post": {"rows": [1]}}
    for ascii_only in (True, False):
        _, lines = read(folder, json.dumps(document, ensure_ascii=ascii_only), records="rows")
        assert [json.loads(line) for line in lines] == records


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\{}[],:é\n'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='k"\\[', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=6),
    block=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
)
def test_any_array_is_cut_as_a_parser_reads_it(
    folder: Folder, records: list[Any], block: int, indent: int | None
) -> None:
    """For any records in any layout and blocks, the pieces are those that `json` finds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_records, "BLOCK", block)
        patch.setattr(text, "CHUNK", block)
        batch, lines = read(folder, json.dumps({"r": records}, indent=indent), records="r")
    assert [json.loads(line) for line in lines] == records
    assert batch.receipt().counted_rows == len(records)


def test_items_that_are_no_objects_are_set_aside(folder: Folder) -> None:
    """A number or a text among the records is a refused row, with its number and text."""
    batch, lines = read(folder, '[{"a": 1}, 7, "x", {"a": 2}, [1]]')
    assert lines == ['{"a": 1}', '{"a": 2}']
    assert batch.ragged().to_pylist() == [
        {"row": row, "text": text, "reason": "the item is not an object"}
        for row, text in ((2, "7"), (3, '"x"'), (5, "[1]"))
    ]
    receipt = batch.receipt()
    assert (receipt.rows_received, receipt.ragged_rows, receipt.counted_rows) == (2, 3, 5)


def test_compression_and_encoding(folder: Folder) -> None:
    """A document may be compressed, and in any encoding that is declared."""
    folder.put("x.json.gz", gzip.compress('[{"a": "é"}]'.encode("utf-16")))
    batch = folder.open("x.json.gz", format="json", encoding="utf-16")
    assert batch.reader().read_all().column("_line").to_pylist() == ['{"a": "é"}']


def test_an_endless_record_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An item beyond the limit does not fill the memory."""
    monkeypatch.setattr(json_records, "LONGEST", 1000)
    monkeypatch.setattr(json_records, "BLOCK", 100)
    monkeypatch.setattr(text, "CHUNK", 100)
    with pytest.raises(PermanentError, match="the item after row 1 is longer"):
        read(folder, '[{"a": 1}, {"a": "' + "x" * 5000 + '"}]')


def test_memory_is_bounded(folder: Folder) -> None:
    """A document of 60 MB on one line is read in pieces, whatever stands around its records."""
    record = json.dumps({"id": 123456, "amount": 1.5, "text": "x" * 80})
    folder.put("x.json", '{"skip": [' + ",".join(["1"] * 500_000) + '], "rows": [')
    with (folder.root / "x.json").open("a") as file:
        for _ in range(500):
            file.write(",\n".join([record] * 1000) + ",")
        file.write(record + "]}")
    batch = folder.open("x.json", format="json", records="rows")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(part.num_rows for part in batch.reader()) == 500_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000


def test_the_extension_alone_means_lines(folder: Folder) -> None:
    """`.json` is NDJSON unless declared: arrays and documents over several lines are refused."""
    for content in ('[{"a": 1}]', '{\n  "a": 1\n}\n'):
        folder.put("x.json", content)
        with pytest.raises(PermanentError, match="Set the option format: json"):
            folder.open("x.json").reader().read_all()
    folder.put("x.json", '{"a": 1}\n{"a": 2}\n')
    assert folder.open("x.json").reader().read_all().num_rows == 2


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"format": "json", "records": "a..b"}, "names with dots between them"),
        ({"format": "csv", "records": "a"}, "records is not possible with format: csv"),
        ({"records": "a"}, "is not possible for 'x.json', which is ndjson by its extension"),
        ({"format": "json", "footer_rows": 1}, "footer_rows is not possible"),
        ({"sheet": "S"}, "with format: xlsx"),
    ],
)
def test_options_that_say_nothing_are_refused(
    folder: Folder, options: dict[str, Any], what: str
) -> None:
    """An option that does not go with the format is an error, not ignored."""
    folder.put("x.json", "[]")
    with pytest.raises(OptionError, match=what):
        folder.open("x.json", **options)


def test_numbers_reach_the_caller_as_text(folder: Folder) -> None:
    """What is cut out is source text: no double ever stands in between."""
    number = "0.1000000000000000055511151231257827"
    _, lines = read(folder, f'[{{"n": {number}}}]')
    assert json.loads(lines[0], parse_float=Decimal)["n"] == Decimal(number)
