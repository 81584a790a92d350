"""Ways to members of JSON objects, as headers of columns write them: `$.team.name`.

What belongs here: reading a way. What does not: looking for what is there (presence).
"""

from __future__ import annotations

import re

from connectors.errors import PermanentError

_STEP = re.compile(r'\.(?:"((?:[^"\\]|\\.)+)"|([^.\[\]"]+))')
_PLACE = re.compile(r"\[\d+\]")


def way_of(header: str) -> tuple[str, ...]:
    """The members that lead to a value: `$.a."b c"` goes down, any other text is one name.

    Raises:
        PermanentError: it goes through an array, or is no way at all.
    """
    if not header.startswith("$."):
        return (header,)
    names = [quoted or plain for quoted, plain in _STEP.findall(header)]
    if "".join(m[0] for m in _STEP.finditer(header)) != header[1:]:
        raise PermanentError(
            f"{header!r} is no way to a member of an object",
            where="header",
            do='Write it as $.properties.amount or $."a name with dots"',
        )
    return tuple(names)


def member_of(header: str) -> str:
    """The name of the last member on the way; places in arrays, such as `[1]`, are passed."""
    return way_of(_PLACE.sub("", header))[-1]
