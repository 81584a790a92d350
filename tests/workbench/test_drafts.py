"""A draft proposes what the data shows, and the data meets it."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from draft_worlds import draft, tried, written

from scoreline.core.errors import UsageError
from scoreline.core.model import Column, Stream

REAL = (
    "maven_crm_sales/sales_pipeline.csv",
    "kolibri_exports/kolibri_summary_logs.csv",
    "moodle_exports/course4_activity_progress.csv",
    "moodle_exports/course5_completion.csv",
    "oulad/studentRegistration.csv",
)


def _column(stream: Stream, name: str) -> Column:
    found = stream.column(name)
    assert found is not None, [c.name for c in stream.columns]
    return found


@pytest.mark.parametrize("name", REAL)
def test_real_data_meets_its_own_draft(name: str, shared: Path, tmp_path: Path) -> None:
    """The draft of a real export loads without a problem and refuses none of its rows."""
    made = draft(tmp_path, shared / "data" / name)
    trial = tried(tmp_path, written(tmp_path, made))
    assert trial.fine, trial.error or trial.blocking
    assert (trial.rows_received, trial.rows_broken) == (made.rows, 0)


def test_question_marks_are_no_values(shared: Path, tmp_path: Path) -> None:
    """A column of numbers with `?` among them is one of numbers that may be missing."""
    stream = written(tmp_path, draft(tmp_path, shared / "data/oulad/studentRegistration.csv"))
    days = _column(stream, "date_unregistration")
    assert (days.type.kind, days.null_values) == ("integer", ("", "?"))
    assert _column(stream, "id_student").personal == "pseudonym"
    assert stream.key == ("code_module", "code_presentation", "id_student")


def test_a_german_export(tmp_path: Path) -> None:
    """Encoding, delimiter, lines above the header, marks, day first and zeros in front."""
    rows = [f"Müller {n};{n}.{n:03}.000,50;{n:02}.10.2026;0{n}" for n in range(1, 29)]
    text = "\n".join(["Bericht Umsätze", "", "Kunde;Umsatz €;Datum;PLZ", *rows])
    (tmp_path / "umsatz_2026-10.csv").write_bytes(text.encode("windows-1252"))
    made = draft(tmp_path, tmp_path / "umsatz_2026-10.csv")
    stream = written(tmp_path, made)
    assert stream.options == {
        "glob": "umsatz_*.csv", "encoding": "windows-1252", "delimiter": ";", "skip_rows": 2,
    }  # fmt: skip
    money = _column(stream, "umsatz")
    assert (money.decimal_mark, money.thousands_mark, money.type.scale) == (",", ".", 1)
    assert _column(stream, "datum").formats == ("%d.%m.%Y",)
    assert _column(stream, "plz").type.kind == "text"
    assert tried(tmp_path, stream).rows_broken == 0


def test_day_or_month_first_is_asked(tmp_path: Path) -> None:
    """Where both readings fit every value, the draft says so beside the one it takes."""
    (tmp_path / "a.csv").write_text("id,on\n1,01/02/2026\n2,03/04/2026\n")
    assert "day or month first? %m/%d/%Y fits, too" in draft(tmp_path, tmp_path / "a.csv").text


def test_another_column_decides_day_or_month(tmp_path: Path) -> None:
    """A day that can be read one way only settles the order for the whole file."""
    (tmp_path / "a.csv").write_text(
        "id,on,until\n1,01/02/2026,12/31/2026\n2,03/04/2026,01/30/2026\n"
    )
    stream = written(tmp_path, draft(tmp_path, tmp_path / "a.csv"))
    assert _column(stream, "on").formats == ("%m/%d/%Y",)


def test_the_repeated_hour_is_decided(tmp_path: Path) -> None:
    """Local times inside the hour that summer time repeats refuse no row of the draft."""
    (tmp_path / "a.csv").write_text("id,seen_at\n1,2026-10-25 02:30:00\n2,2026-06-01 10:00:00\n")
    stream = written(tmp_path, draft(tmp_path, tmp_path / "a.csv"))
    assert _column(stream, "seen_at").ambiguous == "earlier"
    assert tried(tmp_path, stream).rows_broken == 0


def test_almost_numbers_are_told(tmp_path: Path) -> None:
    """A column of numbers with a few other values stays text, and the comment says why."""
    rows = "".join(f"{n},{n if n % 40 else 'oops'}\n" for n in range(1, 200))
    (tmp_path / "a.csv").write_text("id,points\n" + rows)
    assert (
        "all numbers but 4, such as 'oops': declared as text"
        in draft(tmp_path, tmp_path / "a.csv").text
    )


def test_people_are_hidden(tmp_path: Path) -> None:
    """Names and telephones are dropped, addresses become pseudonyms, passwords go."""
    rows = "".join(f"{n},Ann {n},ann{n}@x.example,030 {n},x\n" for n in range(30))
    (tmp_path / "a.csv").write_text("ID,Full name,E-Mail,Phone,Password\n" + rows)
    stream = written(tmp_path, draft(tmp_path, tmp_path / "a.csv"))
    assert {c.name: c.personal for c in stream.columns} == {
        "id": "keep", "full_name": "drop", "e_mail": "pseudonym", "phone": "drop",
        "password": "drop",
    }  # fmt: skip


def test_a_table_of_a_database(tmp_path: Path) -> None:
    """A table gives typed columns, a key and the column that says which version counts."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute(
        "CREATE TABLE orders (id INTEGER, amount DECIMAL(9,2), changed_at TIMESTAMP)"
    )
    rows = [(n, f"{n}.25", f"2026-10-{n % 28 + 1:02} 10:00:00") for n in range(50)]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    stream = written(tmp_path, draft(tmp_path, f"sqlite:///{tmp_path}/shop.db", "orders"))
    assert [c.type.kind for c in stream.columns] == ["integer", "decimal", "timestamp"]
    assert (stream.key, stream.version_by) == (("id",), "changed_at")
    assert tried(tmp_path, stream).rows_received == 50


def test_lines_of_json(tmp_path: Path) -> None:
    """The keys of JSON objects become columns; objects inside stay JSON."""
    lines = [
        json.dumps({"id": n, "at": f"2026-10-0{n}T01:02:03Z", "in": {"a": n}}) for n in range(1, 9)
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    stream = written(tmp_path, draft(tmp_path, tmp_path / "events.jsonl"))
    kinds = {c.name: c.type.kind for c in stream.columns}
    assert kinds == {"at": "timestamp", "id": "integer", "in": "json"}


def test_headers_that_are_no_yaml(tmp_path: Path) -> None:
    """Headers with quotes, colons, braces and markup load as they are written."""
    header = '"a: ""b"" {c}","# no","<script>","*x","yes"\n'
    (tmp_path / "a.csv").write_text(header + "1,2,3,4,5\n")
    stream = written(tmp_path, draft(tmp_path, tmp_path / "a.csv"))
    assert [c.header or c.name for c in stream.columns] == [
        'a: "b" {c}',
        "# no",
        "<script>",
        "*x",
        "yes",
    ]


@pytest.mark.parametrize(
    ("where", "table", "says"),
    [
        ("nowhere.csv", None, "there is no file"),
        ("sqlite:///x.db", None, "--table"),
        ("postgresql://me:secret@db/shop", "orders", "password may not stand in the URL"),
    ],
)
def test_what_cannot_be_drafted_says_why(
    where: str, table: str | None, says: str, tmp_path: Path
) -> None:
    """The error says what is missing, and never repeats a password."""
    with pytest.raises(UsageError, match=says) as raised:
        draft(tmp_path, where, table)
    assert "secret" not in str(raised.value)


def test_an_empty_export(tmp_path: Path) -> None:
    """A file without rows gives no draft: there is nothing to make one from."""
    (tmp_path / "a.csv").write_text("id,name\n")
    with pytest.raises(UsageError, match="no rows"):
        draft(tmp_path, tmp_path / "a.csv")


def test_a_total_at_the_end_is_no_row(tmp_path: Path) -> None:
    """A last row that sums up the others is left out, and the draft says so."""
    (tmp_path / "a.csv").write_text("name,amount\nA,10\nB,20\nTotal,30\n")
    made = draft(tmp_path, tmp_path / "a.csv")
    assert made.rows == 2
    assert "the last row looks like a total" in made.text


def test_numbers_with_a_sign_are_told(tmp_path: Path) -> None:
    """Percent signs keep a column text, and the comment says why; codes are no numbers."""
    (tmp_path / "a.csv").write_text("id,rate,code\n1,12.5%,n100\n2,13.0%,n200\n")
    text = draft(tmp_path, tmp_path / "a.csv").text
    assert text.count("all numbers with a sign or unit") == 1


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    """A file without a byte is refused in the connector's words."""
    (tmp_path / "a.csv").write_text("")
    with pytest.raises(UsageError, match="the file is empty"):
        draft(tmp_path, tmp_path / "a.csv")


def test_a_typed_file_keeps_its_types(tmp_path: Path) -> None:
    """Parquet's own decimals, days and truths are proposed as they are; small floats are read."""
    table = pa.table(
        {
            "id": pa.array(range(40)),
            "amount": pa.array([Decimal("1.25")] * 40, pa.decimal128(12, 2)),
            "small": pa.array([n * 1e-7 for n in range(40)]),
            "at": pa.array([datetime(2026, 10, 1, 10)] * 40, pa.timestamp("us")),  # noqa: DTZ001
            "ok": [True, False] * 20,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    stream = written(tmp_path, draft(tmp_path, tmp_path / "a.parquet"))
    kinds = {c.name: str(c.type) for c in stream.columns}
    assert kinds == {
        "id": "integer", "amount": "decimal(12,2)", "small": "decimal(10,7)", "at": "timestamp",
        "ok": "boolean",
    }  # fmt: skip
    assert tried(tmp_path, stream).rows_broken == 0
