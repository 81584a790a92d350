"""The `salesforce` kind: objects by SOQL, deleted records too, in bulk where they are many.

What belongs here: how Salesforce is asked and what its answers mean. What does not: the base.

Sources: REST API developer guide (query, queryAll, nextRecordsUrl, Sforce-Limit-Info) and Bulk
API 2.0 (query jobs, Sforce-Locator, Sforce-NumberOfRecords). `SystemModstamp` moves on every
change, also on those that `LastModifiedDate` misses; `queryAll` returns deleted and archived
records, with `IsDeleted`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import CursorColumn, Position, start_of
from connectors.http.options import HttpSource
from connectors.http.pages import Frame
from connectors.http.paging import Ask, NextUrlPaging
from connectors.http.walking import Listing, Page, walk
from connectors.jsontext.ways import way_of
from connectors.options import Options, parse_options

if TYPE_CHECKING:
    from connectors.http.cutting import Cut

NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
POLL = 2.0
"""Seconds between two looks at a job."""

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class SalesforceSource(HttpSource):
    """Options at the source; `url` is the instance, such as https://acme.my.salesforce.com."""

    version: str = Field(default="v62.0", pattern=r"^v\d+\.0$", description="of the API")
    stop_at: int = Field(
        default=90, ge=1, le=100, description="percent of the day's requests that may be used up"
    )


class SalesforceStream(Options):
    """Options at a stream: an object and which of its records."""

    object: str = Field(pattern=NAME, description="such as Opportunity or Training__c")
    where: str | None = Field(default=None, description="a condition in SOQL, such as Amount > 0")
    deleted: bool = Field(default=True, description="also deleted records; they have IsDeleted")
    bulk: bool = Field(default=False, description="by a job of Bulk API 2.0: for large reads")
    size: int = Field(default=50_000, ge=1_000, description="rows of a page of a bulk result")


class SalesforceConnector(HttpConnector):
    """A Salesforce org."""

    kind = "salesforce"
    version = "1"
    about = "objects of Salesforce by SOQL, deleted ones included, in bulk where they are many"
    SourceOptions = SalesforceSource
    StreamOptions = SalesforceStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Records in the order of their changes."""
        options = parse_options(SalesforceStream, spec.options)
        soql = query_of(spec, options, since)
        if options.bulk:
            return self._bulk(options, soql)
        resource = "queryAll" if options.deleted else "query"
        ask = Ask(f"{self._services}/{resource}", {"q": soql})
        paging = NextUrlPaging(type="next_url", next="nextRecordsUrl")
        return walk(self.client, Listing(ask, "records", paging, total="totalSize"))

    def judge(self, answer: Answer) -> ConnectorError | None:
        """Holds back before the day's requests are used up, which would stop other programs."""
        used = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
        stop_at = cast(SalesforceSource, self.options).stop_at
        if used and int(used[1]) * 100 > int(used[2]) * stop_at:
            return TransientError(
                f"{used[1]} of the day's {used[2]} requests are used up",
                where=answer.where,
                do="Wait for the day to pass, or raise the option stop_at",
            )
        if answer.status in (403, 503) and b"REQUEST_LIMIT_EXCEEDED" in answer.body[:500]:
            return TransientError("the day's requests are used up", where=answer.where)
        return None

    @property
    def _services(self) -> str:
        return f"services/data/{cast(SalesforceSource, self.options).version}"

    def _bulk(self, options: SalesforceStream, soql: str) -> Iterator[Page]:
        job = self._job("POST", "", {"operation": _operation(options), "query": soql})
        while job.get("state") in ("UploadComplete", "InProgress"):
            time.sleep(POLL)
            job = self._job("GET", f"/{job['id']}", None)
        if job.get("state") != "JobComplete":
            raise TransientError(
                f"the job ended as {job.get('state')}: {job.get('errorMessage', '')}",
                where=self.identity,
            )
        yield from self._results(str(job["id"]), options, job.get("numberRecordsProcessed"))

    def _job(self, method: str, path: str, body: Any) -> dict[str, Any]:
        found = self.client.document(method, f"{self._services}/jobs/query{path}", json=body)
        return cast(dict[str, Any], found)

    def _results(self, job: str, options: SalesforceStream, total: Any) -> Iterator[Page]:
        """The pages of a job's result; each says how many rows it has."""
        locator, rows = "", 0
        while locator != "null":
            params = {"maxRecords": options.size, "locator": locator or None}
            path = f"{self._services}/jobs/query/{job}/results"
            taken = _Result(self.identity)
            answer = self.client.get(path, params, headers={"Accept": "text/csv"}, use=taken.take)
            page = taken.page
            yield Page(taken.frame, answer.body, page, int(total) if total and not rows else None)
            rows += page.rows
            locator = answer.headers.get("sforce-locator", "null")
        if total is not None and rows != int(total):
            raise TransientError(
                f"{rows:,} rows were received, the job declares {int(total):,}", where=self.identity
            )


class _Result:
    """A page of a job's result, held to the number of rows that it declares."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self.frame: Frame
        self.page: Cut

    def take(self, answer: Answer) -> None:
        from connectors.http.cutting import cut

        self.frame = Frame(url=answer.where.removeprefix(self._identity), shape="csv")
        self.page = cut(self.frame, answer.body, answer.where)
        declared = int(answer.headers.get("sforce-numberofrecords", self.page.rows))
        if declared != self.page.rows:
            raise TransientError(
                f"the page has {self.page.rows:,} rows where {declared:,} are declared",
                where=answer.where,
            )


def _operation(options: SalesforceStream) -> Literal["query", "queryAll"]:
    return "queryAll" if options.deleted else "query"


def query_of(spec: StreamSpec, options: SalesforceStream, since: Position | None) -> str:
    """The SOQL of a stream.

    Raises:
        PermanentError: a column is no field's name.
    """
    names = [".".join(way_of(c.wanted)) for c in spec.columns]
    bad = next((n for n in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]*", n)), None)
    if bad is not None:
        raise PermanentError(
            f"{bad!r} is no field", where=f"stream {spec.name}", do="Set the column's header"
        )
    column, start = CursorColumn.of(spec), start_of(spec, since, "%Y-%m-%dT%H:%M:%S.000Z")
    clauses = [f"({options.where})"] if options.where else []
    if column is not None and start is not None:
        clauses.append(f"{'.'.join(column.way)} >= {start}")
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    order = f" ORDER BY {'.'.join(column.way)}, Id" if column and not options.bulk else ""
    return f"SELECT {', '.join(dict.fromkeys(names))} FROM {options.object}{where}{order}"
