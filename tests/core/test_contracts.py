"""What changes the digest of a stream's contract, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scoreline.core.contracts import reading_digest
from scoreline.core.model import Column, ColumnType, Stream

STREAM = Stream(
    "deals", "crm", (Column("value", ColumnType("decimal", 12, 2)),), key=("value",), load="merge"
)


@pytest.mark.parametrize(
    ("option", "value", "reads"),
    [
        ("glob", "*.csv", False),
        ("ignore", ["*.bak"], False),
        ("settle_seconds", 5, False),
        ("delimiter", ";", True),
        ("sheet", "Deals", True),
        ("footer_rows", 1, True),
    ],
)
def test_options_that_find_objects_read_none(option: str, value: Any, *, reads: bool) -> None:
    """Which objects there are is no part of how one is read: nothing is typed again for it."""
    changed = replace(STREAM, options={option: value})
    assert (reading_digest(changed) != reading_digest(STREAM)) is reads


@pytest.mark.parametrize("marks", [{"decimal_mark": ","}, {"thousands_mark": ","}])
def test_marks_of_numbers_change_what_is_read(marks: dict[str, str]) -> None:
    """A column that reads its numbers otherwise is typed again."""
    column = replace(STREAM.columns[0], **marks)
    assert reading_digest(replace(STREAM, columns=(column,))) != reading_digest(STREAM)
