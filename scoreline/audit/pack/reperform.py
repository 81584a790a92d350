"""Compute the scores of an evidence pack again, and say MATCH or MISMATCH.

Needs Python 3.11 and the package `duckdb`, nothing else, and nothing of Scoreline:

    python -I reperform.py            in the unpacked folder
    python -I reperform.py FOLDER

It was written apart from the product, so that one mistake is not made twice. Step by step:

1. Every file has the SHA-256 that pack.json names, and no file is there besides.
2. Every ledger record has its digest, stands in the list of its block, the list gives the
   block's root, each block's digest covers the block before, and the newest block is the
   one that the signed checkpoint names (the signature is checked here, by RFC 8032).
3. What pack.json says is proved by those records: the batches of each stream and their
   order, the files of each batch, the definitions, the series.
4. The value of every score is computed again from the rows, by SQL that is made here from
   the definition, and the score by the rules in README.txt; both are compared.

Exit status: 0 everything matches, 1 something does not.
"""

from __future__ import annotations

import ast
import calendar
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

Body = dict[str, Any]
Number = tuple[Fraction, Fraction | None]
"""A value as numerator and denominator (None for a plain number)."""


class Mismatch(Exception):  # noqa: N818  it is the answer
    """Something is not as the pack says; the text names it."""


class Removed(Exception):  # noqa: N818  it is an answer too
    """Rows that a score rests on were removed, and the ledger says so."""


# --- 1. files -------------------------------------------------------------------------------


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 for text, whole numbers, booleans, null, lists and objects."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def check_files(folder: Path, pack: Body) -> None:
    """Every file that is named is there unchanged, and none besides."""
    for name, digest in pack["files"].items():
        path = folder / name
        if not path.is_file():
            raise Mismatch(f"{name} is missing")
        if sha256(path.read_bytes()) != digest:
            raise Mismatch(f"{name} was changed: its SHA-256 is not the one in pack.json")
    known = {*pack["files"], "pack.json"}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in known and "__pycache__" not in name and not name.endswith(".zip"):
            raise Mismatch(f"{name} does not belong to the pack")


# --- 2. ledger ------------------------------------------------------------------------------


@dataclass
class Ledger:
    """The records of the pack, proved to stand in the chain of blocks."""

    records: list[Body]

    def of(self, kind: str, key: str, value: str) -> list[Body]:
        """Records of a kind whose `key` has that value, oldest first."""
        return [r for r in self.records if r["record"] == kind and r.get(key) == value]

    def definition(self, name: str, digest: str) -> Body:
        """The body of a definition by its digest."""
        for record in self.of("definition", "name", name):
            if record["digest"] == digest and sha256(canonical(record["definition"])) == digest:
                found: Body = json.loads(canonical(record["definition"]))
                return found
        raise Mismatch(f"the definition of {name} ({digest[:12]}) is not in the ledger's records")


def read_ledger(folder: Path, pack: Body) -> tuple[Ledger, str]:
    """The proved records, and in words what the newest block is vouched for by."""
    blocks = json.loads((folder / "ledger/blocks.json").read_bytes())
    lists = json.loads((folder / "ledger/lists.json").read_bytes())
    before = None
    for height, block in enumerate(blocks, start=1):
        head = {k: block[k] for k in ("height", "prev", "root", "count", "run", "recorded_at")}
        if block["height"] != height or block["prev"] != before:
            raise Mismatch(f"block {height} does not continue the block before it")
        if sha256(canonical(head)) != block["digest"]:
            raise Mismatch(f"the head of block {height} was changed")
        before = block["digest"]
    records = []
    for entry in pack["records"]:
        content = (folder / entry["file"]).read_bytes()
        digests = lists.get(str(entry["block"]), [])
        block = blocks[entry["block"] - 1]
        if sha256(canonical(digests)) != block["root"] or len(digests) != block["count"]:
            raise Mismatch(f"the list of block {entry['block']} does not give its root")
        place = entry["position"]
        if place >= len(digests) or digests[place] != sha256(content):
            raise Mismatch(f"{entry['file']} does not stand in block {entry['block']}")
        body = json.loads(content)
        records.append({**body, "_seq": entry["seq"], "_at": block["recorded_at"]})
    records.sort(key=lambda r: int(r["_seq"]))
    return Ledger(records), check_signature(folder, blocks)


def check_signature(folder: Path, blocks: list[Body]) -> str:
    """What vouches for the newest block; raises where a signature is wrong."""
    path = folder / "ledger/checkpoint.json"
    newest = f"block {len(blocks)} ({blocks[-1]['digest'][:16]}…)"
    if not path.is_file():
        return f"{newest}, which nobody signed: compare it with a copy that was kept elsewhere"
    said = json.loads(path.read_bytes())
    body = {k: v for k, v in said.items() if k not in ("public_key", "signature")}
    block = blocks[body["height"] - 1]
    if body["block"] != block["digest"] or body["ledger"] != blocks[0]["digest"]:
        raise Mismatch("the checkpoint is not one of this chain of blocks")
    public = bytes.fromhex(said["public_key"])
    if sha256(public)[:16] != body["key"]:
        raise Mismatch("the public key is not the one that the checkpoint names")
    if not verify_ed25519(public, canonical(body), bytes.fromhex(said["signature"])):
        raise Mismatch("the signature of the checkpoint is not valid")
    return f"block {body['height']}, signed by the key {body['key']}: ask its owner for the key"


def verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032, section 5.1.7, with plain whole numbers."""
    p, q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
    d = -121665 * pow(121666, p - 2, p) % p

    def add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
        e, f = (a[1] - a[0]) * (b[1] - b[0]) % p, (a[1] + a[0]) * (b[1] + b[0]) % p
        c, g = 2 * a[3] * b[3] * d % p, 2 * a[2] * b[2] % p
        e, f, g, h = f - e, g - c, g + c, f + e
        return (e * f % p, g * h % p, f * g % p, e * h % p)

    def multiply(n: int, point: tuple[int, ...]) -> tuple[int, ...]:
        found: tuple[int, ...] = (0, 1, 1, 0)
        while n:
            if n & 1:
                found = add(found, point)
            point, n = add(point, point), n >> 1
        return found

    def decompress(text: bytes) -> tuple[int, ...] | None:
        y = int.from_bytes(text, "little")
        sign, y = y >> 255, y & ((1 << 255) - 1)
        if y >= p:
            return None
        x2 = (y * y - 1) * pow(d * y * y + 1, p - 2, p) % p
        x = pow(x2, (p + 3) // 8, p)
        if (x * x - x2) % p:
            x = x * pow(2, (p - 1) // 4, p) % p
        if (x * x - x2) % p or (x == 0 and sign):
            return None
        x = p - x if x & 1 != sign else x
        return (x, y, 1, x * y % p)

    base = decompress((4 * pow(5, p - 2, p) % p).to_bytes(32, "little"))
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or base is None or s >= q or len(signature) != 64:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % q
    left, right = multiply(s, base), add(r, multiply(h, a))
    x_same = (left[0] * right[2] - right[0] * left[2]) % p == 0
    return x_same and (left[1] * right[2] - right[1] * left[2]) % p == 0


# --- 3. streams -----------------------------------------------------------------------------


@dataclass
class Streams:
    """The streams of one score, as tables that are made when they are asked for."""

    folder: Path
    pack: Body
    definitions: dict[str, Body]
    parts: dict[str, list[str]]
    zone: ZoneInfo
    database: Any
    made: dict[str, tuple[str, ...]]

    def received(self, stream: str) -> list[tuple[str, datetime]]:
        """The stream's parts in order, each with when it was received."""
        found = self.parts[stream]
        return [(k, datetime.fromisoformat(self.pack["parts"][k]["received_at"])) for k in found]

    def make(self, stream: str, keys: tuple[str, ...]) -> None:
        """Make the stream's table from these parts, unless it is made of them already."""
        if self.made.get(stream) == keys:
            return
        body = self.definitions[f"stream {stream}"]
        columns = [c for c in body["columns"] if c.get("personal") != "drop"]
        source, _, name = stream.partition(".")
        table = f"{quoted(source)}.{quoted(name)}"
        declared = ", ".join(f"{quoted(c['name'])} {sql_type(c['type'])}" for c in columns)
        self.database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(source)}")
        self.database.execute(f"CREATE OR REPLACE TABLE {table} ({declared})")
        rows = [self._rows(key, order, columns) for order, key in enumerate(keys)]
        if rows:
            names = ", ".join(quoted(c["name"]) for c in columns)
            self.database.execute(
                f"INSERT INTO {table} SELECT {names} FROM ({counted(body, rows, len(keys))})"
            )
        self.made[stream] = keys

    def _rows(self, key: str, order: int, columns: list[Body]) -> str:
        files = [str(self.folder / name) for name in self.pack["parts"][key]["rows"]]
        listed = "[" + ", ".join(text(f) for f in files) + "]"
        present = {
            r[0]
            for r in self.database.execute(
                f"DESCRIBE SELECT * FROM read_parquet({listed}, union_by_name = true)"
            ).fetchall()
        }
        picked = ", ".join(
            f"CAST({quoted(c['name']) if c['name'] in present else 'NULL'} AS "
            f"{sql_type(c['type'])}) AS {quoted(c['name'])}"
            for c in columns
        )
        return (
            f"SELECT {picked}, {order} AS _part, _row "
            f"FROM read_parquet({listed}, union_by_name = true)"
        )


def counted(stream: Body, rows: list[str], parts: int) -> str:
    """The rows of a stream that count, by how it is loaded (README.txt, "Which rows count")."""
    every = " UNION ALL ".join(rows)
    if stream["load"] == "replace":
        return f"SELECT * FROM ({every}) WHERE _part = {parts - 1}"
    key = ", ".join(quoted(k) for k in stream.get("key", []))
    if not key:
        return every
    if stream["load"] == "append":
        order = "_part, _row"
    elif stream.get("version_by"):
        order = f"{quoted(stream['version_by'])} DESC NULLS LAST, _part DESC, _row DESC"
    else:
        order = "_part DESC, _row DESC"
    return f"SELECT * FROM ({every}) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}) = 1"


def prove_parts(pack: Body, ledger: Ledger, streams: dict[str, Body]) -> None:
    """The batches of each stream, their order and their files are those of the ledger."""
    for stream, said in streams.items():
        keys = said["parts"]
        ids = [pack["parts"][k]["batch"] for k in keys]
        digest = sha256(canonical(ids))
        states = ledger.of("stream", "stream", stream)
        if not any(s["batches"] == digest and s["digest"] == said["digest"] for s in states):
            raise Mismatch(f"{stream} did not consist of these batches: no ledger record says so")
        for key in keys:
            prove_part(pack, ledger, key)


def prove_part(pack: Body, ledger: Ledger, key: str) -> None:
    """The files of a batch are named by its records."""
    part = pack["parts"][key]
    named: set[str] = set()
    for kind in ("receipt", "reread", "checks", "removal"):
        for record in ledger.of(kind, "batch", part["batch"]):
            named |= digests_in(record)
    kept = [n for n in (*part["rows"], part["received"]) if n and n not in part.get("gone", {})]
    for name in kept:
        if pack["files"][name] not in named:
            raise Mismatch(f"{name} is not a file of batch {part['batch']} in the ledger")
    removals = ledger.of("removal", "batch", part["batch"])
    removed = {file["digest"] for record in removals for file in record["removed"]}
    for name, said in part.get("gone", {}).items():
        if said["sha256"] not in removed or said["sha256"][:16] not in name:
            raise Mismatch(f"{name} is left out, but no ledger record says that it was removed")


def rows_left(pack: Body, streams: dict[str, Body]) -> None:
    """Raise Removed where a file with rows of these streams was removed."""
    for stream, said in streams.items():
        for key in said["parts"]:
            part = pack["parts"][key]
            for name, gone in part.get("gone", {}).items():
                if name != part["received"]:
                    words = f"rows of batch {part['batch']} of {stream} were removed"
                    raise Removed(f"{words} ({gone['cause']})")


def digests_in(value: Any) -> set[str]:
    """Every text in a record that can be a SHA-256."""
    if isinstance(value, dict):
        return set().union(*(digests_in(v) for v in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(digests_in(v) for v in value)) if value else set()
    return {value} if isinstance(value, str) and len(value) == 64 else set()


def sql_type(kind: Body) -> str:
    """DuckDB's type of a declared one."""
    if kind["kind"] == "decimal":
        return f"DECIMAL({kind['precision']},{kind['scale']})"
    return {
        "text": "VARCHAR",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "date": "DATE",
        "timestamp": "TIMESTAMPTZ",
        "json": "JSON",
    }[str(kind["kind"])]


def quoted(name: str) -> str:
    """An SQL name."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """An SQL text."""
    return "'" + value.replace("'", "''") + "'"


# --- 4. values ------------------------------------------------------------------------------


@dataclass
class Values:
    """The values of metrics on days, from the rows."""

    streams: Streams
    organisation: Body
    cycle: str
    known: dict[tuple[str, str, date, tuple[str, ...]], Number | None]

    def metric(
        self, name: str, chosen: list[Any], day: date, path: tuple[str, ...] = ()
    ) -> Number | None:
        """A metric's value on a day; `path` are the offsets that led here."""
        key = (name, json.dumps(chosen), day, path)
        if key not in self.known:
            body = self.streams.definitions[f"metric {name}"]
            made = self._derived if "derived" in body else self._simple
            self.known[key] = made(body, chosen, day, path)
        return self.known[key]

    def _derived(
        self, body: Body, chosen: list[Any], day: date, path: tuple[str, ...]
    ) -> Number | None:
        formula = re.sub(r"([A-Za-z_]\w*)@-(\d+)([yqmwd])", r"\1__at_\2\3", body["derived"])

        def value(node: ast.expr) -> Number | None:
            if isinstance(node, ast.Constant):
                return Fraction(ast.get_source_segment(formula, node) or ""), None
            if isinstance(node, ast.Name):
                name, _, offset = node.id.partition("__at_")
                if not offset:
                    return self.metric(name, chosen, day, path)
                return self.metric(
                    name, chosen, shift(day, -int(offset[:-1]), offset[-1]), (*path, offset)
                )
            if isinstance(node, ast.UnaryOp):
                inner = value(node.operand)
                return None if inner is None else (-inner[0], inner[1])
            if not isinstance(node, ast.BinOp):
                raise Mismatch(f"the formula {formula} cannot be read")
            left, right = value(node.left), value(node.right)
            return None if left is None or right is None else combined(node.op, left, right)

        return value(ast.parse(formula, mode="eval").body)

    def _simple(
        self, body: Body, chosen: list[Any], day: date, path: tuple[str, ...]
    ) -> Number | None:
        window = body.get("window", {"kind": "cycle"})
        bounds = self._bounds(window, day, path)
        relation = body["from"]
        if bounds is None or not self._load(relation, window, day):
            return None
        where = [self._filter(d, v) for d, v in chosen]
        if window["kind"] != "latest" and body.get("time"):
            local = f"CAST({quoted(body['time'])} AS DATE)"
            where.append(f"{local} <= DATE '{bounds[1]}'")
            if bounds[0] is not None:
                where.append(f"{local} >= DATE '{bounds[0]}'")
        measure = body["measure"]
        if "numerator" in measure:
            shared = [measure["where"]] if measure.get("where") else []
            above = self._aggregate(measure["numerator"], relation, [*where, *shared])
            below = self._aggregate(measure["denominator"], relation, [*where, *shared])
            return None if above is None or not below else (above, below)
        if measure["kind"] == "average":
            above = self._aggregate({**measure, "kind": "sum"}, relation, where)
            below = self._aggregate({**measure, "kind": "count"}, relation, where)
            return None if above is None or not below else (above, below)
        found = self._aggregate(measure, relation, where)
        return None if found is None else (found, None)

    def _filter(self, dimension: str, values: list[str]) -> str:
        listed = ", ".join(text(v) for v in values)
        return f"CAST({quoted(dimension)} AS VARCHAR) IN ({listed})"

    def _aggregate(self, measure: Body, relation: str, where: list[str]) -> Fraction | None:
        schema, _, name = relation.partition(".")
        column = quoted(measure["column"]) if measure.get("column") else None
        kind = measure["kind"]
        if kind == "count":
            sql = f"count({column or '*'})"
        elif kind == "count_distinct":
            sql = f"count(DISTINCT {column})"
        else:
            sql = f"{kind}({column})"
        own = [*where, *([measure["where"]] if measure.get("where") else [])]
        found = self._either(
            own,
            lambda w: (
                f"SELECT CAST({sql} AS VARCHAR) FROM {quoted(schema)}.{quoted(name)} "
                f"WHERE {' AND '.join(f'({c})' for c in w) or 'true'}"
            ),
        ).fetchall()[0][0]
        if found is None:
            return Fraction(0) if kind == "sum" else None
        return Fraction(found)

    def _either(self, texts: list[str], query: Callable[[list[str]], str]) -> Any:
        """Run a query over SQL as it was written; where DuckDB takes a name in it for a word
        of its own, as the product writes it, every name quoted (sql/quoted.json).
        """
        try:
            return self.streams.database.execute(query(texts))
        except duckdb.ParserException:
            known = json.loads((self.streams.folder / "sql/quoted.json").read_bytes())
            return self.streams.database.execute(query([known.get(t, t) for t in texts]))

    def _load(self, relation: str, window: Body, day: date) -> bool:
        """Make what the metric reads, as of the day; False where that cannot be said."""
        for stream in self._read(relation):
            parts = self.streams.received(stream)
            keys = tuple(k for k, _ in parts)
            if window["kind"] == "latest":
                found = self._standing(stream, relation, parts, day)
                if found is None:
                    return False
                keys = found
            self.streams.make(stream, keys)
        self._views(relation, set())
        return True

    def _standing(
        self, stream: str, relation: str, parts: list[tuple[str, datetime]], day: date
    ) -> tuple[str, ...] | None:
        """The parts of a stream as it stood at the end of a day."""
        local = [at.astimezone(self.streams.zone).date() for _, at in parts]
        keeps = self.streams.definitions[f"stream {stream}"].get("history") and stream == relation
        limit = (local[0] if keeps else local[-1]) - timedelta(days=1)
        if day < limit:
            return None
        if not keeps:
            return tuple(k for k, _ in parts)
        until = end_of_day(max(day, local[0]), self.streams.zone)
        return tuple(k for k, at in parts if at < until)

    def _read(self, relation: str) -> list[str]:
        """The streams that a stream or model reads."""
        model = self.streams.definitions.get(f"model {relation}")
        if model is None:
            return [relation]
        return list(dict.fromkeys(s for r in model.get("reads", []) for s in self._read(r)))

    def _views(self, relation: str, done: set[str]) -> None:
        model = self.streams.definitions.get(f"model {relation}")
        if model is None or relation in done:
            return
        done.add(relation)
        for read in model.get("reads", []):
            self._views(read, done)
        name = quoted(relation.partition(".")[2])
        self.streams.database.execute("CREATE SCHEMA IF NOT EXISTS models")
        made = f"CREATE OR REPLACE VIEW models.{name} AS "
        self._either([model["sql"]], lambda t: made + t[0].strip().rstrip(";"))

    def _bounds(
        self, window: Body, day: date, path: tuple[str, ...]
    ) -> tuple[date | None, date] | None:
        kind, fiscal = window["kind"], fiscal_of(self.organisation)
        if kind in ("all", "latest"):
            return None, day
        if kind == "cycle":
            cycle = self._cycle(day, path)
            return None if cycle is None else (cycle, day)
        if kind == "trailing":
            return day - timedelta(days=int(window["days"]) - 1), day
        if kind == "last":
            period = window["period"]
            first = period_start(period, day, fiscal)
            if period_end(period, day, fiscal) == day:
                return first, day
            before = first - timedelta(days=1)
            return period_start(period, before, fiscal), before
        return period_start(kind, day, fiscal), day

    def _cycle(self, day: date, path: tuple[str, ...]) -> date | None:
        """The start of the cycle that a day stands in: the own one, another, the moved one."""
        spans = [
            (c["name"], date.fromisoformat(c["start"]), date.fromisoformat(c["end"]))
            for c in self.organisation["cycles"]
        ]
        own = [s for s in spans if s[0] == self.cycle]
        moved = []
        for name, start, end in own if path else []:
            for offset in path:
                start = shift(start, -int(offset[:-1]), offset[-1])
                end = shift(end, -int(offset[:-1]), offset[-1])
            moved.append((name, start, end))
        return next((s for _, s, e in [*own, *spans, *moved] if s <= day <= e), None)


def combined(operator: ast.operator, left: Number, right: Number) -> Number:
    """Arithmetic that keeps numerator and denominator as they are."""
    one = Fraction(1)
    a, b = left[0], left[1]
    c, d = right[0], right[1]
    if isinstance(operator, ast.Sub):
        c, operator = -c, ast.Add()
    if isinstance(operator, ast.Add):
        if b == d:
            return a + c, b
        return a * (one if d is None else d) + c * (one if b is None else b), (
            (one if b is None else b) * (one if d is None else d)
        )
    if isinstance(operator, ast.Mult):
        if b is None and d is None:
            return a * c, None
        return a * c, (one if b is None else b) * (one if d is None else d)
    if d == 0:
        return a, Fraction(0)
    return a * (one if d is None else d), (one if b is None else b) * c


def number_of(value: Number | None) -> Fraction | None:
    """The value as one number; None where the denominator is 0."""
    if value is None or value[1] == 0:
        return None
    return value[0] if value[1] is None else value[0] / value[1]


# --- calendar -------------------------------------------------------------------------------


def fiscal_of(organisation: Body) -> tuple[int, int]:
    """Month and day on which the fiscal year starts."""
    month, day = organisation.get("fiscal_year_starts", ["1", "1"])
    return int(month), int(day)


def shift(day: date, amount: int, unit: str) -> date:
    """The day some days, weeks, months, quarters or years away; the month's last if shorter."""
    if unit in "dw":
        return day + timedelta(days=amount * (7 if unit == "w" else 1))
    months = day.year * 12 + day.month - 1 + amount * {"m": 1, "q": 3, "y": 12}[unit]
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def period_start(period: str, day: date, fiscal: tuple[int, int]) -> date:
    """The first day of the running day, week, month, quarter or year."""
    if period == "day":
        return day
    if period == "week":
        return day - timedelta(days=day.weekday())
    if period == "month":
        return day.replace(day=1)
    step = 3 if period == "quarter" else 12
    return max(s for s in starts(day.year, step, fiscal) if s <= day)


def period_end(period: str, day: date, fiscal: tuple[int, int]) -> date:
    """The last day of the running day, week, month, quarter or year."""
    if period == "day":
        return day
    if period == "week":
        return day + timedelta(days=6 - day.weekday())
    if period == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    step = 3 if period == "quarter" else 12
    return min(s for s in starts(day.year, step, fiscal) if s > day) - timedelta(days=1)


def starts(year: int, step: int, fiscal: tuple[int, int]) -> Iterator[date]:
    """The starts of fiscal quarters or years around a year."""
    for months in range((year - 1) * 12, (year + 3) * 12, step):
        at = months + fiscal[0] - 1
        month = at % 12 + 1
        yield date(at // 12, month, min(fiscal[1], calendar.monthrange(at // 12, month)[1]))


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant at which the zone's date is later than the day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)
    late = max(midnight.replace(fold=f).astimezone(timezone.utc) for f in (0, 1))  # noqa: UP017
    while (late - timedelta(minutes=1)).astimezone(zone).date() > day:
        late -= timedelta(minutes=1)
    return late


# --- the score ------------------------------------------------------------------------------


@dataclass
class Judged:
    """What the rules make of the values."""

    value: Number | None
    progress: Fraction | None
    expected: Fraction
    status: str


def judge(
    kr: Body, organisation: Body, as_of: date, said: Body, value_on: Callable[..., Number | None]
) -> Judged:
    """Value, progress, expected progress and status by the rules in README.txt."""
    start, due = date.fromisoformat(kr["start"]), date.fromisoformat(kr["due"])
    day, kind = min(as_of, due), kr["kind"]
    apart = said["value_day"] != day.isoformat()
    held = said["status"] == "held" or (said["status"] in ("withdrawn", "not_started") and apart)
    day_used, value = day, None
    if not held:
        value = value_on(None, day)
    elif said["value_day"]:  # the last good value, as recorded: another score's business
        day_used = date.fromisoformat(said["value_day"])
        below = said["denominator"]
        value = Fraction(said["numerator"]), None if below is None else Fraction(below)
    progress, complete = progress_of(kr, organisation, start, due, day_used, value, said, value_on)
    expected = expected_of(kr, organisation, start, due, day)
    status = status_of(kr, organisation, (start, due, as_of), (progress, complete), expected, said)
    if status == "no_data":
        value = progress = None
    if kind["is"] in ("milestones", "done"):
        value = None
    return Judged(value, progress, expected, status)


def progress_of(
    kr: Body,
    organisation: Body,
    start: date,
    due: date,
    day: date,
    value: Number | None,
    said: Body,
    value_on: Callable[..., Number | None],
) -> tuple[Fraction | None, bool]:
    """Progress, and whether the goal is reached."""
    kind = kr["kind"]
    if kind["is"] == "done":
        done = "on" in kind and date.fromisoformat(kind["on"]) <= day
        return Fraction(int(done)), done
    if kind["is"] == "milestones":
        return milestones(kind, start, day, value_on)
    number = shown(number_of(value), said["_factor"])
    if number is None:
        return None, False
    if kind["is"] == "keep":
        return keep(kind, organisation, (start, due), day, said, value_on)
    baseline, target = Fraction(said["baseline"]), Fraction(said["target"])
    if "curve" in kind:
        points = [(baseline, Fraction(0))]
        points += [(Fraction(p["value"]), Fraction(p["progress"])) for p in kind["curve"]]
        points.append((target, Fraction(1)))
        sign = 1 if target > baseline else -1
        progress = line([(sign * x, y) for x, y in points], sign * number)
    else:
        progress = (number - baseline) / (target - baseline)
    return progress, progress >= 1


def shown(number: Fraction | None, factor: int) -> Fraction | None:
    """A share and a percent are shown times 100."""
    return None if number is None else number * factor


def keep(
    kind: Body,
    organisation: Body,
    span: tuple[date, date],
    day: date,
    said: Body,
    value_on: Callable[..., Number | None],
) -> tuple[Fraction | None, bool]:
    """Periods inside the bounds over periods with a value."""
    fiscal, ends, at = fiscal_of(organisation), [], span[0]
    while at <= span[1]:
        last = min(period_end(kind["every"], at, fiscal), span[1])
        ends.append(last)
        at = last + timedelta(days=1)
    numbers = [shown(number_of(value_on(None, e)), said["_factor"]) for e in ends if e <= day]
    valued = [n for n in numbers if n is not None]
    if not valued:
        return None, False
    inside = sum(1 for n in valued if within(n, kind))
    progress = Fraction(inside, len(valued))
    return progress, progress >= Fraction(kind.get("pass_at", "1"))


def within(number: Fraction, bounds: Body) -> bool:
    """Whether a number keeps its bounds."""
    low = Fraction(bounds["at_least"]) if "at_least" in bounds else None
    high = Fraction(bounds["at_most"]) if "at_most" in bounds else None
    if bounds.get("exclusive"):
        return (low is None or number > low) and (high is None or number < high)
    return (low is None or number >= low) and (high is None or number <= high)


def milestones(
    kind: Body, start: date, day: date, value_on: Callable[..., Number | None]
) -> tuple[Fraction | None, bool]:
    """Weights done over all weights."""
    done, total, every = Fraction(0), Fraction(0), True
    for step in kind["steps"]:
        weight, when = Fraction(step["weight"]), step.get("done_when")
        total += weight
        is_done = "done" in step and date.fromisoformat(step["done"]) <= day
        if not is_done and when is not None:
            days = (start + timedelta(days=n) for n in range((day - start).days + 1))
            numbers = (number_of(value_on(when, d)) for d in days)
            is_done = any(n is not None and within(n * when["_factor"], when) for n in numbers)
            if not is_done and "done" not in step and number_of(value_on(when, day)) is None:
                return None, False
        done += weight if is_done else 0
        every = every and is_done
    return done / total, every


def line(points: list[tuple[Fraction, Fraction]], x: Fraction) -> Fraction:
    """Piecewise linear through points; flat beyond the ends."""
    if x < points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= x < x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def share(start: date, due: date, day: date) -> Fraction:
    """The share of the time that is gone."""
    if due <= start:
        return Fraction(int(day >= due))
    return min(max(Fraction((day - start).days, (due - start).days), Fraction(0)), Fraction(1))


def expected_of(kr: Body, organisation: Body, start: date, due: date, day: date) -> Fraction:
    """Expected progress on a day."""
    kind, curve = kr["kind"], kr.get("expected", {"kind": "linear"})
    if kind["is"] == "keep":
        return Fraction(1)
    if kind["is"] == "done":
        return Fraction(int(day >= due))
    if kind["is"] == "milestones":
        steps = kind["steps"]
        gone = sum(Fraction(s["weight"]) for s in steps if date.fromisoformat(s["due"]) <= day)
        return Fraction(gone) / sum(Fraction(s["weight"]) for s in steps)
    x = share(start, due, day)
    if curve["kind"] == "waypoints":
        marks = sorted((w["date"], Fraction(w["progress"])) for w in curve["waypoints"])
        points = [(start, Fraction(0)), *((date.fromisoformat(d), p) for d, p in marks)]
        points.append((due, Fraction(1)))
        return line([(Fraction(d.toordinal()), p) for d, p in points], Fraction(day.toordinal()))
    if curve["kind"] == "workdays":
        free = set(organisation.get("holidays", []))
        span = [start + timedelta(days=n) for n in range(1, (due - start).days + 1)]
        work = [d for d in span if d.weekday() < 5 and d.isoformat() not in free]
        if work:
            return Fraction(sum(1 for d in work if d <= day), len(work))
        return x
    shapes: dict[str, Fraction] = {
        "linear": x,
        "back_loaded": x**2,
        "front_loaded": 1 - (1 - x) ** 2,
        "s_curve": 3 * x**2 - 2 * x**3,
    }
    return shapes[curve["kind"]]


def status_of(
    kr: Body,
    organisation: Body,
    days: tuple[date, date, date],
    got: tuple[Fraction | None, bool],
    expected: Fraction,
    said: Body,
) -> str:
    """The first status that applies; held and stale are facts of the moment, as recorded."""
    (start, due, as_of), (progress, complete) = days, got
    limits, keeps = organisation["thresholds"], kr["kind"]["is"] == "keep"
    if "withdrawn" in kr and date.fromisoformat(kr["withdrawn"]["date"]) <= as_of:
        return "withdrawn"
    if as_of < start:
        return "not_started"
    if said["status"] in ("held", "no_data", "stale"):
        recorded = str(said["status"])
        lacking = progress is None and not keeps
        return recorded if recorded != "no_data" or lacking or keeps else "a value"
    if progress is None and not keeps:
        return "no_data"
    if complete and (as_of > due or not keeps):
        return "achieved"
    if as_of > due:
        return "missed"
    if progress is None:
        return "pending"
    if keeps and complete:
        return "on_track"
    grace = Fraction(limits["grace"])
    if not keeps and share(start, due, as_of) < grace and 0 <= progress < expected:
        return "pending"
    ratio = Fraction(int(progress >= 0)) if expected == 0 else progress / expected
    if ratio >= Fraction(limits["on_track"]):
        return "on_track"
    return "at_risk" if ratio >= Fraction(limits["at_risk"]) else "off_track"


# --- all together ---------------------------------------------------------------------------


def again(
    folder: Path, pack: Body, ledger: Ledger, entry: Body, database: Any, made: dict[str, Any]
) -> str:
    """Compute one score again; says it in a line, or raises Mismatch."""
    scores = [r for r in ledger.of("score", "as_of", entry["as_of"]) if r["_seq"] == entry["seq"]]
    if not scores:
        raise Mismatch("its record is not among the ledger's")
    said = scores[0]
    if said["key_result"] != pack["key_result"]:
        raise Mismatch(f"its record is of {said['key_result']}")
    definitions = {n: ledger.definition(n, d) for n, d in said["definitions"].items()}
    prove_parts(pack, ledger, entry["streams"])
    named = set(said["inputs"].items())
    for stream, of in entry["streams"].items():
        if named and (stream, of["digest"]) not in named and stream in said["inputs"]:
            raise Mismatch(f"{stream} had other contents when it was scored")
    rows_left(pack, entry["streams"])
    kr, organisation = definitions[f"key_result {pack['key_result']}"], definitions["organisation"]
    zone = ZoneInfo(organisation["timezone"])
    database.execute(f"SET TimeZone = {text(organisation['timezone'])}")
    streams = Streams(
        folder,
        pack,
        definitions,
        {s: of["parts"] for s, of in entry["streams"].items()},
        zone,
        database,
        made,
    )
    values = Values(streams, organisation, kr["id"].split("/")[0], {})
    people = [r for r in ledger.of("check_in", "key_result", kr["id"]) if r["_seq"] < said["_seq"]]
    people = [r for r in people if r["value"] is not None and r["day"] <= said["as_of"]]
    own = definitions.get(f"metric {kr.get('metric')}", {})
    said["_factor"] = factor_of(own)
    for step in kr["kind"].get("steps", []):
        if "done_when" in step:
            step["done_when"]["_factor"] = factor_of(
                definitions[f"metric {step['done_when']['metric']}"]
            )

    def value_on(when: Body | None, day: date) -> Number | None:
        if when is not None:
            return values.metric(when["metric"], when.get("filter", []), day)
        person = override_on(people, day)
        if person is not None:
            return Fraction(person["value"]) / int(said["_factor"]), None
        if kr.get("manual"):
            return plain_on(people, day)
        if not kr.get("metric"):
            return None
        return values.metric(kr["metric"], kr.get("filter", []), day)

    if said["status"] == "closed":
        return closed(kr, said, ledger)
    prove_baseline(kr, said, ledger)
    found = judge(kr, organisation, date.fromisoformat(said["as_of"]), said, value_on)
    compare(said, found)
    value = shown(number_of(found.value), said["_factor"])
    return f"value {decimal(value)}  progress {decimal(found.progress)}  {found.status}"


def closed(kr: Body, said: Body, ledger: Ledger) -> str:
    """A closed score against what the closing of its cycle froze."""
    events = [
        r for r in ledger.of("cycle", "cycle", kr["id"].split("/")[0]) if r["_seq"] < said["_seq"]
    ]
    if not events or events[-1]["state"] != "closed":
        raise Mismatch("its cycle was not closed then")
    frozen = events[-1]["key_results"][kr["id"]]["frozen"]
    for name in ("value", "numerator", "denominator", "progress", "expected", "score"):
        recorded, fixed = said[name], frozen.get(name)
        if (recorded is None) != (fixed is None) or Fraction(recorded or 0) != Fraction(fixed or 0):
            raise Mismatch(f"{name} is recorded as {recorded}, the closing froze {fixed}")
    return f"closed with score {frozen.get('score')}, as its closing froze it"


def factor_of(metric: Body) -> int:
    """What a value is multiplied by to be shown."""
    return 100 if metric.get("unit", {}).get("kind") in ("share", "percent") else 1


def override_on(people: list[Body], day: date) -> Body | None:
    """The newest value set by a person that is in force on a day."""
    at = day.isoformat()
    found = (p for p in reversed(people) if p["until"] and p["day"] <= at <= p["until"])
    return next(found, None)


def plain_on(people: list[Body], day: date) -> Number | None:
    """The newest check-in up to a day; of one day, the last."""
    plain = [p for p in reversed(people) if not p["until"] and p["day"] <= day.isoformat()]
    if not plain:
        return None
    return Fraction(max(plain, key=lambda p: str(p["day"]))["value"]), None


def prove_baseline(kr: Body, said: Body, ledger: Ledger) -> None:
    """Baseline and target in the score are those of the definition, or of the frozen record."""
    kind = kr["kind"]
    if kind["is"] != "reach" or said["baseline"] is None:
        return
    baseline = kind["baseline"]
    if isinstance(baseline, dict):
        taken = [
            r for r in ledger.of("baseline", "key_result", kr["id"]) if r["_seq"] < said["_seq"]
        ]
        taken = [r for r in taken if r["day"] == baseline["date"]]
        if not taken:
            raise Mismatch("its baseline is not in the ledger's records")
        above, below = taken[-1]["numerator"], taken[-1]["denominator"]
        number = Fraction(above) / (Fraction(below) if below else 1) * int(said["_factor"])
    else:
        number = Fraction(baseline)
    target = kind["target"]
    if isinstance(target, dict):
        amount = Fraction(target["amount"])
        goal = number * (1 + amount / 100) if target["percent"] else number + amount
    else:
        goal = Fraction(target)
    if (Fraction(said["baseline"]), Fraction(said["target"])) != (number, goal):
        raise Mismatch("its baseline or target is not what its definition says")


def compare(said: Body, found: Judged) -> None:
    """Every number and the status against the record."""
    value = found.value if number_of(found.value) is not None else None
    pairs = {
        "numerator": (said["numerator"], None if value is None else value[0]),
        "denominator": (said["denominator"], None if value is None else value[1]),
        "progress": (said["progress"], found.progress),
        "expected": (said["expected"], found.expected),
    }
    for name, (recorded, computed) in pairs.items():
        if (None if recorded is None else Fraction(recorded)) != computed:
            raise Mismatch(f"{name} is recorded as {recorded}, computed again it is {computed}")
    if said["status"] != "closed" and said["status"] != found.status:
        raise Mismatch(
            f"status is recorded as {said['status']}, computed again it is {found.status}"
        )


def decimal(number: Fraction | None) -> str:
    """Six decimals for people, half-even."""
    if number is None:
        return "–"
    scaled = round(number * 10**6)
    sign, digits = "-" if scaled < 0 else "", str(abs(scaled)).rjust(7, "0")
    return f"{sign}{digits[:-6]}.{digits[-6:]}"


def main(folder: Path) -> int:
    """Check the pack in a folder; print every score, then MATCH or MISMATCH."""
    try:
        pack = json.loads((folder / "pack.json").read_bytes())
        check_files(folder, pack)
        ledger, vouched = read_ledger(folder, pack)
    except (Mismatch, OSError, ValueError, KeyError, IndexError, TypeError) as error:
        print(f"MISMATCH: {error}")
        return 1
    print(f"{pack['key_result']}, {pack['period'][0]} to {pack['period'][1]}")
    print(f"{len(pack['files'])} files and {len(pack['records'])} ledger records are unchanged")
    print(f"the records end at {vouched}")
    print(f"pack.json has the SHA-256 {sha256((folder / 'pack.json').read_bytes())}")
    wrong = gone = 0
    made: dict[str, Any] = {}
    database = duckdb.connect(":memory:")
    database.execute("SET autoinstall_known_extensions = false")
    for entry in pack["scores"]:
        try:
            print(f"{entry['as_of']}  {again(folder, pack, ledger, entry, database, made)}  MATCH")
        except Removed as words:
            gone += 1
            print(f"{entry['as_of']}  NOT COMPUTED: {words}")
        except (Mismatch, duckdb.Error, ValueError, KeyError, IndexError, TypeError) as error:
            wrong += 1
            print(f"{entry['as_of']}  MISMATCH: {type(error).__name__}: {error}")
    total = len(pack["scores"])
    if wrong or not total:
        print(f"MISMATCH: {wrong} of {total} scores do not come out again")
        return 1
    if gone == total:
        print("MISMATCH: no score can be computed again: rows of each were removed")
        return 1
    if gone:
        print(
            f"MATCH: {total - gone} of {total} scores come out again from the rows; "
            f"{gone} rest on rows that were removed, as the ledger says"
        )
        return 0
    print(f"MATCH: all {total} scores come out again from the rows")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent))
