"""Texts as cells of a spreadsheet's file, safe against being taken for formulas.

What belongs here: the one rule for every CSV that we write. What does not: files.
"""

from __future__ import annotations

FORMULA_STARTS = "=+-@\t\r"
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


def safe_cell(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(tuple(FORMULA_STARTS)) else text
