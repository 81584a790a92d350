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

from connectors.errors import PermanentError
from connectors.stateful.lines import whole_lines

_OTHERS = r'"(?:type|stream|version|time_extracted)"\s*:\s*(?:"[^"]*"|[0-9]+|null)'
RECORD = (
    rf'(?s)^\{{\s*(?:{_OTHERS}\s*,\s*)*"record"\s*:\s*(\{{.*\}})\s*(?:,\s*{_OTHERS}\s*)*\}}\s*$'
)
"""A RECORD message; the first group is the record as the tap wrote it."""

STATE = r'(?s)^\{\s*(?:"type"\s*:\s*"STATE"\s*,\s*)?"value"\s*:'
ODD = r'"type"\s*:\s*"RECORD"'


def survey(path: Path, where: str) -> tuple[int, Mapping[str, Any] | None]:
    """How many records there are, and the last state.

    Raises:
        TransientError: the tap stopped in the middle of a message.
    """
    records, last = 0, None
    for lines in whole_lines(path, where):
        records += pc.sum(pc.match_substring_regex(lines, RECORD)).as_py() or 0
        states = lines.filter(pc.match_substring_regex(lines, STATE))
        last = states[-1].as_py() if len(states) else last
    if last is None:
        return records, None
    return records, cast(Mapping[str, Any], json.loads(last).get("value"))


def records_of(path: Path, where: str) -> Iterator[pa.StringArray]:
    """The records, as the tap wrote them, some megabytes at once.

    Raises:
        PermanentError: a RECORD message is not as Singer has it.
        TransientError: the messages end in the middle of one.
    """
    for lines in whole_lines(path, where):
        is_record = pc.match_substring_regex(lines, RECORD)
        named = pc.match_substring_regex(lines, ODD)
        odd = lines.filter(pc.and_(named, pc.invert(is_record)))
        if len(odd):
            raise PermanentError(
                "a RECORD message is not as Singer has it",
                where=f"{where}: {odd[0].as_py()[:120]}",
                do="Report it to the tap's authors",
            )
        yield pc.replace_substring_regex(lines.filter(is_record), RECORD, r"\1")
