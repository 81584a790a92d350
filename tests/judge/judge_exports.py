"""Exports of every format, with traps, and the rows that are right to count.

Each stream has the columns id, team, region, amount, at; `Row` is what an attentive reader of
the design makes of a file. Not here: the numbers that follow from rows (the test's own).
"""

from __future__ import annotations

import gzip
import io
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from judge_projects import Outside

HOME = ZoneInfo("Atlantic/Cape_Verde")
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
STAMP = "%Y-%m-%d %H:%M:%S"
BASE: dict[str, Any] = {
    "id": "text",
    "team": "text",
    "region": "text",
    "amount": "decimal(12,2)",
    "at": {"type": "timestamp", "format": STAMP, "timezone": "UTC"},
}


@dataclass(frozen=True)
class Row:
    """One row as it counts."""

    id: str
    team: str | None
    region: str | None
    amount: Decimal | None
    at: datetime | None


def rows_of(seed: int, count: int) -> list[Row]:
    """Random rows within the hour around midnights of three zones, two years, DST days too."""
    chance, found = random.Random(seed), []
    special = ["2026-03-29", "2026-03-08", "2025-10-26", "2025-11-02", "2026-06-30"]
    for n in range(count):
        if n % 5:
            day = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(days=chance.randrange(790))
        else:
            day = datetime.fromisoformat(chance.choice(special)).replace(tzinfo=UTC)
        at = day + timedelta(hours=chance.choice([22, 23, 0, 1, 4, 5, 12]))
        at += timedelta(minutes=chance.randrange(60), seconds=chance.choice([0, 59]))
        found.append(
            Row(
                f"r{n}",
                chance.choice(["x", "y", "z", None]),
                chance.choice(["eu", "us"]),
                chance.choice([None, Decimal(chance.randrange(-500, 90000)) / 100]),
                None if n % 30 == 29 else at,
            )
        )
    return found


def cells(row: Row, fmt: str = STAMP, zone: Any = UTC, null: str = "") -> list[str]:
    """A row as text."""
    at = row.at.astimezone(zone).strftime(fmt) if row.at else null
    amount = null if row.amount is None else f"{row.amount:.2f}"
    return [row.id, row.team or null, row.region or null, amount, at]


def table(rows: list[list[str]], sep: str = ",", head: str = "id,team,region,amount,at") -> str:
    """Delimited text."""
    return "\n".join([head.replace(",", sep), *(sep.join(r) for r in rows)]) + "\n"


def stream(glob: str, key: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """A stream's definition; `columns` given change or add to the base's."""
    columns = {**BASE, **more.pop("columns", {})}
    options = {"glob": glob, **more.pop("options", {})}
    body: dict[str, Any] = {"options": options, "columns": columns, "key": key or ["id"]}
    return {**body, "load": "append", "event_time": "at", **more}


class Exports:
    """Streams, their files, and what is right."""

    def __init__(self, project: Outside) -> None:
        self.project = project
        self.streams: dict[str, dict[str, Any]] = {}
        self.right: dict[str, list[Row]] = {}

    def add(self, name: str, right: list[Row], body: dict[str, Any]) -> None:
        """A stream and its answer."""
        self.streams[name], self.right[name] = body, right

    def file(self, name: str, data: str | bytes) -> None:
        """A file of the folder."""
        self.project.write(f"data/{name}", data)

    def formats(self) -> None:
        """The same kind of rows in every format the connector reads."""
        plain = rows_of(1, 200)
        self.file("plain.csv", table([cells(r) for r in plain]))
        self.add("plain", plain, stream("plain.csv"))
        packed = rows_of(2, 80)
        self.file("packed.csv.gz", gzip.compress(table([cells(r) for r in packed]).encode()))
        self.add("packed", packed, stream("packed*.gz"))
        zst = rows_of(3, 80)
        text = table([cells(r) for r in zst]).encode()
        self.file("tight.csv.zst", bytes(pa.compress(text, codec="zstd", asbytes=True)))
        self.add("tight", zst, stream("tight*"))
        lines = rows_of(4, 80)
        self.file("lines.ndjson.gz", gzip.compress(ndjson(lines).encode()))
        iso = {"at": {"type": "timestamp", "format": "%Y-%m-%dT%H:%M:%S%z"}}
        self.add("lines", lines, stream("lines*", columns=iso))
        parquet = rows_of(5, 80)
        self.file("parq.parquet", parquet_bytes(parquet))
        self.add("parq", parquet, stream("parq*", columns={"at": "timestamp"}))

    def spellings(self) -> None:
        """Delimiters, BOM, quotes, headers, nulls, dates in several formats, offsets."""
        semi = rows_of(6, 60)
        text = "\ufeff" + table(
            [
                [c.replace(".", ",") if i == 3 else c for i, c in enumerate(cells(r, null="?"))]
                for r in semi
            ],
            ";",
            "Id; The team ;Region;Betrag;Zeit",
        )
        text = text.replace("\n", "\r\n")
        self.file("semi.csv", text)
        nulls = {"null_values": ["", "?"]}
        columns = {
            "id": {"type": "text", "header": "Id"},
            "team": {"type": "text", "header": "The team", **nulls},
            "region": {"type": "text", "header": "Region", **nulls},
            "amount": {"type": "decimal(12,2)", "decimal": ",", "header": "Betrag", **nulls},
            "at": {**BASE["at"], "header": "Zeit", **nulls},
        }
        self.add("semi", semi, stream("semi.csv", columns=columns, options={"delimiter": ";"}))
        quoted = [
            Row("q1", "a\nb", 'say "x"', Decimal("1.50"), datetime(2026, 5, 1, 12, tzinfo=UTC)),
            Row("q2", "a,b", "", Decimal("2.50"), datetime(2026, 5, 2, 12, tzinfo=UTC)),
        ]
        self.file(
            "quoted.csv",
            'at,amount,region,team,id\n2026-05-01 12:00:00,1.50,"say ""x""","a\nb",q1\n'
            '2026-05-02 12:00:00,2.50,"","a,b",q2\n',
        )
        self.add(
            "quoted",
            quoted,
            stream("quoted.csv", columns={"region": {"type": "text", "null_values": []}}),
        )
        offset = rows_of(8, 60)
        body = [
            cells(r, "%Y-%m-%dT%H:%M:%S%z", [BERLIN, NEW_YORK][n % 2]) for n, r in enumerate(offset)
        ]
        self.file("offset.csv", table(body))
        self.add(
            "offset",
            offset,
            stream(
                "offset.csv", columns={"at": {"type": "timestamp", "format": "%Y-%m-%dT%H:%M:%S%z"}}
            ),
        )
        dates = [
            Row(f"d{n}", "x", "eu", Decimal(n), datetime(2026, 5, n, 12, tzinfo=UTC))
            for n in (1, 2, 3)
        ]
        self.file(
            "dates.csv",
            "id,team,region,amount,at\nd1,x,eu,1,2026-05-01\nd2,x,eu,2,02.05.2026\nd3,x,eu,3,5/3/2026\nd4,x,eu,4,2026/05/04\n",
        )
        formats = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"]
        self.add(
            "dates", dates, stream("dates.csv", columns={"at": {"type": "date", "format": formats}})
        )
        self.file("header_only.csv", "id,team,region,amount,at\n")
        self.add("header_only", [], stream("header_only.csv"))

    def clocks(self) -> None:
        """Local times that a zone repeats or skips."""
        text = table(
            [
                ["c1", "x", "eu", "1", "2025-10-26 02:30:00"],
                ["c2", "x", "eu", "2", "2025-10-26 01:59:59"],
                ["c3", "x", "eu", "4", "2025-10-26 03:00:00"],
                ["c4", "x", "eu", "8", "2026-03-29 01:59:59"],
                ["c5", "x", "eu", "16", "2026-03-29 03:00:00"],
            ]
        )
        local = {"type": "timestamp", "format": STAMP, "timezone": "Europe/Berlin"}
        for name, more in (
            ("strict", {}),
            ("early", {"ambiguous": "earlier"}),
            ("late", {"ambiguous": "later"}),
        ):
            self.file(f"{name}.csv", text)
            right = [
                Row("c2", "x", "eu", Decimal(2), datetime(2025, 10, 25, 23, 59, 59, tzinfo=UTC)),
                Row("c3", "x", "eu", Decimal(4), datetime(2025, 10, 26, 2, tzinfo=UTC)),
                Row("c4", "x", "eu", Decimal(8), datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
                Row("c5", "x", "eu", Decimal(16), datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)),
            ]
            if more:
                hour = 0 if name == "early" else 1
                right.append(
                    Row("c1", "x", "eu", Decimal(1), datetime(2025, 10, 26, hour, 30, tzinfo=UTC))
                )
            self.add(name, right, stream(f"{name}.csv", columns={"at": {**local, **more}}))

    def contracts(self) -> None:
        """Cells that break their contract take their row out; checks see what is left."""
        noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
        when = "2026-05-01 12:00:00"
        self.file(
            "bad.csv",
            table(
                [
                    ["ok1", "x", "eu", "10.00", when],
                    ["ok2", "y", "us", "5", when],
                    ["many", "x", "eu", "1.005", when],
                    ["nan", "x", "eu", "NaN", when],
                    ["inf", "x", "eu", "Infinity", when],
                    ["word", "x", "eu", "ten", when],
                    ["big", "x", "eu", "99999999999.00", when],
                    ["set", "x", "mars", "1", when],
                    ["date", "x", "eu", "1", "2026-13-01 12:00:00"],
                    ["high", "x", "eu", "900", when],
                    ["warn", "x", "eu", "-5", when],
                ]
            )
            + "ragged,x,eu\n",
        )
        right = [
            Row("ok1", "x", "eu", Decimal(10), noon),
            Row("ok2", "y", "us", Decimal(5), noon),
            Row("warn", "x", "eu", Decimal(-5), noon),
        ]
        expect = [
            {
                "type": "expect_column_values_to_be_between",
                "column": "amount",
                "max_value": 500,
                "on_failure": "quarantine",
            },
            {
                "type": "expect_column_values_to_be_between",
                "column": "amount",
                "min_value": 0,
                "on_failure": "warn",
            },
        ]
        self.add(
            "bad",
            right,
            stream(
                "bad.csv",
                expect=expect,
                columns={"region": {"type": "text", "one_of": ["eu", "us"]}},
            ),
        )

    def loads(self) -> None:
        """Append with repeats and changes, merges out of order, replacements."""
        one, two = "2026-05-01 12:00:00", "2026-05-02 12:00:00"
        at1, at2 = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 2, 12, tzinfo=UTC)
        self.file(
            "app1.csv",
            table(
                [
                    ["a", "x", "eu", "1", one],
                    ["b", "x", "eu", "2", one],
                    ["a", "x", "eu", "1.0", one],
                ]
            ),
        )
        self.file(
            "app2.csv",
            table(
                [
                    ["b", "x", "eu", "2.00", one],
                    ["a", "x", "eu", "100", one],
                    ["c", "x", "eu", "4", two],
                ]
            ),
        )
        right = [
            Row("a", "x", "eu", Decimal(1), at1),
            Row("b", "x", "eu", Decimal(2), at1),
            Row("c", "x", "eu", Decimal(4), at2),
        ]
        self.add("app", right, stream("app*.csv"))
        version = {"version": "integer"}
        head = "id,team,region,amount,at,version"
        files = {
            "mrg1.csv": [
                ["a", "1", one, "9"],
                ["b", "2", one, "1"],
                ["b", "3", one, "1"],
                ["c", "5", one, "1"],
            ],
            "mrg2.csv": [
                ["a", "70", one, "2"],
                ["c", "6", two, "1"],
                ["d", "8", one, "1"],
                ["d", "9", one, "0"],
            ],
            "mrg3.csv": [["c", "80", one, "0"]],
        }
        for name, lines in files.items():
            self.file(name, table([[i, "x", "eu", n, t, v] for i, n, t, v in lines], head=head))
        right = [
            Row("a", "x", "eu", Decimal(1), at1),
            Row("b", "x", "eu", Decimal(3), at1),
            Row("c", "x", "eu", Decimal(6), at2),
            Row("d", "x", "eu", Decimal(8), at1),
        ]
        self.add(
            "mrg", right, stream("mrg*.csv", load="merge", version_by="version", columns=version)
        )
        self.file("last1.csv", table([["a", "x", "eu", "1", one], ["b", "x", "eu", "2", one]]))
        self.file("last2.csv", table([["b", "y", "eu", "20", two], ["b", "z", "us", "30", two]]))
        right = [Row("a", "x", "eu", Decimal(1), at1), Row("b", "z", "us", Decimal(30), at2)]
        self.add("last", right, stream("last*.csv", load="merge"))
        self.file("rep1.csv", table([[i, "x", "eu", "1", one] for i in "abc"]))
        self.file("rep2.csv", table([["a", "x", "eu", "2", one], ["d", "x", "eu", "4", two]]))
        right = [Row("a", "x", "eu", Decimal(2), at1), Row("d", "x", "eu", Decimal(4), at2)]
        self.add(
            "rep", right, stream("rep*.csv", load="replace", schema_contract={"shrink_below": 0.5})
        )


def ndjson(rows: list[Row]) -> str:
    """One JSON object a line; nulls as null."""
    made = []
    for r in rows:
        amount = f"{r.amount:.2f}" if r.amount is not None else "null"
        at = (
            json.dumps(r.at.astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M:%S%z"))
            if r.at
            else "null"
        )
        made.append(
            f'{{"id": "{r.id}", "team": {json.dumps(r.team)}, "region": {json.dumps(r.region)}, '
            f'"amount": {amount}, "at": {at}}}'
        )
    return "\n".join(made) + "\n"


def parquet_bytes(rows: list[Row]) -> bytes:
    """Typed columns."""
    made = pa.table(
        {
            "id": pa.array([r.id for r in rows]),
            "team": pa.array([r.team for r in rows]),
            "region": pa.array([r.region for r in rows]),
            "amount": pa.array([r.amount for r in rows], pa.decimal128(12, 2)),
            "at": pa.array([r.at for r in rows], pa.timestamp("us", "UTC")),
        }
    )
    sink = io.BytesIO()
    pq.write_table(made, sink)
    return sink.getvalue()
