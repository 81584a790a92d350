"""Words for Dagster's pages and logs, safe whatever the data contain.

What belongs here: escaping and cutting text, and problems as a person reads them. What
does not: choosing what to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scoreline.core.errors import Problem

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LONGEST = 20_000


def printable(text: str) -> str:
    """The text without control and direction characters, cut at 20,000 characters."""
    clean = _CONTROL.sub("\ufffd", text)
    return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]} … (cut)"


def code(text: str) -> str:
    """The text as a Markdown code span on one line; nothing in it is markup."""
    line = " ".join(printable(text).split()).replace("`", "'")
    return f"`{line}`" if line else ""


def block(text: str) -> str:
    """The text as a Markdown code block; nothing in it is markup."""
    return "```text\n" + printable(text).replace("```", "'''") + "\n```"


def problem_text(problems: Iterable[Problem]) -> str:
    """Problems with place, what was found, what is legal and what to do, one after another."""
    return printable("\n".join(str(p) for p in problems))


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 batch`, `1,204 batches`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
