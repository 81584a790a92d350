"""A tap's messages: which are records, which the last state; records as they were written.

What belongs here: cutting messages apart, set-based. What does not: running the tap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import StreamSpec
from connectors.errors import PermanentError, TransientError
from connectors.http.presence import still_absent
from connectors.jsontext.source import BLOCK, SCHEMA
from connectors.receipt import Tally

_OTHERS = r'"(?:type|stream|version|time_extracted)"\s*:\s*(?:"[^"]*"|[0-9]+|null)'
RECORD = (
    rf'(?s)^\{{\s*(?:{_OTHERS}\s*,\s*)*"record"\s*:\s*(\{{.*\}})\s*(?:,\s*{_OTHERS}\s*)*\}}\s*$'
)
"""A RECORD message; the first group is the record as the tap wrote it."""

STATE = r'(?s)^\{\s*(?:"type"\s*:\s*"STATE"\s*,\s*)?"value"\s*:'
ODD = r'"type"\s*:\s*"RECORD"'


def _blocks(path: Path, where: str) -> Iterator[pa.StringArray]:
    """The messages, as texts, some megabytes at once."""
    rest = b""
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            whole, _, rest = (rest + data).rpartition(b"\n")
            if whole:
                yield _lines(whole)
    if rest.strip():
        raise TransientError("ended in the middle of a message", where=where)


def _lines(block: bytes) -> pa.StringArray:
    lines = pc.split_pattern(pa.array([block.decode()]), "\n").values
    return lines.filter(pc.not_equal(pc.ascii_trim_whitespace(lines), ""))


def survey(path: Path, where: str) -> tuple[int, Mapping[str, Any] | None]:
    """How many records there are, and the last state.

    Raises:
        TransientError: the tap stopped in the middle of a message.
    """
    records, last = 0, None
    for lines in _blocks(path, where):
        records += pc.sum(pc.match_substring_regex(lines, RECORD)).as_py() or 0
        states = lines.filter(pc.match_substring_regex(lines, STATE))
        last = states[-1].as_py() if len(states) else last
    if last is None:
        return records, None
    return records, cast(Mapping[str, Any], json.loads(last).get("value"))


def read_records(
    path: Path, spec: StreamSpec, tally: Tally, where: str
) -> Iterator[pa.RecordBatch]:
    """Batches of records with their row numbers; afterwards the tally is complete.

    Raises:
        PermanentError: a RECORD message is not as Singer has it.
        TransientError: the messages end in the middle of one.
    """
    row, absent = 0, {c.name: c for c in spec.columns}
    for lines in _blocks(path, where):
        is_record = pc.match_substring_regex(lines, RECORD)
        named = pc.match_substring_regex(lines, ODD)
        odd = lines.filter(pc.and_(named, pc.invert(is_record)))
        if len(odd):
            raise PermanentError(
                "a RECORD message is not as Singer has it",
                where=f"{where}: {odd[0].as_py()[:120]}",
                do="Report it to the tap's authors",
            )
        records = pc.replace_substring_regex(lines.filter(is_record), RECORD, r"\1")
        absent = still_absent(absent, records)
        numbers = pa.array(range(row + 1, row + len(records) + 1), pa.int64())
        row += len(records)
        if len(records):
            yield pa.record_batch([records, numbers], schema=SCHEMA)
    tally.counted_rows = row
    tally.missing_columns = tuple(absent) if row else ()
