"""Which declared columns a source's JSON never has: renamed, or gone.

What belongs here: looking for members by their names, set-based. What does not: what follows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from connectors.base import ColumnSpec
from connectors.jsontext.ways import member_of


def still_absent(columns: Mapping[str, ColumnSpec], lines: pa.StringArray) -> dict[str, ColumnSpec]:
    """The columns of which no line holds a member so named; a null member is there.

    A member of the same name deeper in a record counts as well, so this errs to silence.
    """
    if not columns or not len(lines):
        return dict(columns)
    absent = {}
    for name, column in columns.items():
        text = json.dumps(member_of(column.wanted), ensure_ascii=False)
        if not pc.any(pc.match_substring(lines, text)).as_py():
            absent[name] = column
    return absent
