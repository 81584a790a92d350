"""The ways in which exports write days and times, as strptime formats.

What belongs here: the formats that a proposal tries, in the order in which they are believed.
What does not: trying them (profiling), and reading by a declared format (cells).
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import product

DAY_FORMATS = (
    "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d",
    "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%B %d, %Y", "%A, %d %B %Y",
    "%A, %B %d, %Y",
)  # fmt: skip
_DAYS = ("%Y-%m-%d", *DAY_FORMATS)
_CUT = re.compile(r"(.*?[0-9a-z])(T|,? {1,2}| at )([0-9]{1,2}:[0-9]{2}.*)")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
_ZONES = ("", "%z", " %z")


def formats_of(text: str) -> list[str]:
    """The formats that read one text, in the order in which they are believed."""
    cut = _CUT.fullmatch(text)
    if cut is None:
        return [day for day in DAY_FORMATS if _reads(day, text)]
    days = [day for day in _DAYS if _reads(day, cut[1])]
    clocks = [clock + zone for clock, zone in product(_CLOCKS, _ZONES)]
    times = [clock for clock in clocks if _reads(clock, cut[3])]
    return [f"{day}{cut[2]}{time}" for day, time in product(days, times)]


def _reads(form: str, text: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007  only whether it can be read
    except ValueError:
        return False
    return True


def swapped(form: str) -> str:
    """The format with day and month in each other's places."""
    return form.replace("%m", "\0").replace("%d", "%m").replace("\0", "%d")
