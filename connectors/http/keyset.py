"""Paging by a key that only grows: each page asks for what lies beyond the last one's end.

What belongs here: the loop, for APIs that take a condition and an order. What does not: how a
condition is written (each kind).

Within the window of what changed since a moment, rows are read in the order of their ids. A row
that changes meanwhile stays in the window, a new one has a higher id: none is skipped and none
comes twice, which paging by (time, id) or by offset cannot say where a bulk load gave ten
thousand rows the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.errors import PermanentError
from connectors.http.client import HttpClient
from connectors.http.walking import Listing, Page, walk


def walk_by_id(
    client: HttpClient, listing: Callable[[int], Listing], id_name: str = "id"
) -> Iterator[Page]:
    """Every page with ids above the last one's, until one is empty.

    Args:
        client: the server.
        listing: the request for rows with an id above the given one, lowest first.
        id_name: the member that holds the id, an integer or the text of one.

    Raises:
        ConnectorError: as `walk`.
        PermanentError: the server ignores the condition.
    """
    last = 0
    while True:
        for page in walk(client, listing(last)):
            if not page.cut.rows:
                return
            yield page
            where = f"{client.scrubber.url(client.base)}{page.frame.url}"
            highest = _highest(page, id_name, where)
            if highest <= last:
                raise PermanentError(
                    f"ids up to {highest} came after {last}: the condition is ignored",
                    where=where,
                    do="Check that the account may search, and the stream's options",
                )
            last = highest


def _highest(page: Page, id_name: str, where: str) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    from connectors.http.members import read_member

    try:
        try:
            ids = read_member(page.cut.lines, (id_name,), pa.int64())
        except pa.ArrowInvalid:  # an integer written as text
            ids = read_member(page.cut.lines, (id_name,), pa.string()).cast(pa.int64())
    except pa.ArrowInvalid:
        raise PermanentError(f"{id_name} is not an integer", where=where) from None
    if not len(ids) or ids.null_count:
        raise PermanentError(f"a record has no {id_name}", where=where)
    return int(pc.max(ids).as_py())
