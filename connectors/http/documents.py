"""Documents of JSON as Python values, and ways into them.

What belongs here: what a page's envelope and single answers need. What does not: records, which
stay text (cutting).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.errors import PermanentError, TransientError

BOM = b"\xef\xbb\xbf"


def parsed(text: bytes, where: str, **numbers: Any) -> Any:
    """A document as Python values; decimals stay exact, or become what `numbers` say.

    Raises:
        TransientError: it is cut short.
        PermanentError: it is no JSON.
    """
    try:
        return json.loads(text.removeprefix(BOM), **{"parse_float": Decimal, **numbers})
    except (ValueError, RecursionError) as error:
        if text.rstrip()[-1:] not in (b"}", b"]"):
            raise TransientError("the body is cut short", where=where) from None
        raise PermanentError(
            f"the body is not JSON: {error}",
            where=where,
            do="Check `url` and the stream's path in a browser",
        ) from None


def found_at(document: Any, way: str) -> Any:
    """What stands at a way such as `paging.next.after`; None where nothing does."""
    for name in way.split(".") if way else ():
        if not isinstance(document, Mapping) or name not in document:
            return None
        document = document[name]
    return document
