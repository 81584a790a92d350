"""Any JSON API by its description: what to ask, how to page, where records stand.

What belongs here: turning the description into requests, and its rule for errors. What does
not: the base that does the work (connectors.http).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position, start_of
from connectors.http.documents import found_at, parsed
from connectors.http.paging import Ask
from connectors.http.walking import Listing, Page, walk
from connectors.options import parse_options
from connectors.rest.options import Incremental, RestSource, RestStream


class RestConnector(HttpConnector):
    """A JSON API that is described in YAML."""

    kind = "rest"
    version = "1"
    about = "any JSON API, described in YAML: sign-in, paging, records, cursor, errors"
    SourceOptions = RestSource
    StreamOptions = RestStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """The pages of the one list that the stream is."""
        options = parse_options(RestStream, spec.options)
        ask = Ask(options.path, options.params, options.body, options.method)
        if options.incremental is not None:
            ask = _since(ask, options.incremental, spec, since)
        listing = Listing(
            ask,
            options.records,
            options.paging,
            options.total,
            shape=options.shape,
            explode=options.explode,
            carry=options.carry,
        )
        return walk(self.client, listing)

    def overlap_of(self, spec: StreamSpec) -> timedelta:
        """What the stream declares."""
        rule = parse_options(RestStream, spec.options).incremental
        return rule.back if rule else timedelta(0)

    def judge(self, answer: Answer) -> ConnectorError | None:
        """The error that the rule finds in an answer of status 200."""
        rule = cast(RestSource, self.options).error
        name = rule.at.rpartition(".")[2] if rule else ""
        if rule is None or answer.status >= 400 or f'"{name}"'.encode() not in answer.body:
            return None
        document = parsed(answer.body, answer.where)
        found = found_at(document, rule.at)
        if found in (None, False, "", 0, [], {}) or str(found) in rule.fine:
            return None
        words = found_at(document, rule.message) if rule.message else None
        said = self.client.scrubber.excerpt(str(words or found).encode())
        text = f"the server answers {answer.status}, and in the body {rule.at}: {said}"
        if str(found) in rule.transient:
            return TransientError(text, where=answer.where)
        return PermanentError(text, where=answer.where, do="Check the stream's options and rights")


def _since(ask: Ask, rule: Incremental, spec: StreamSpec, since: Position | None) -> Ask:
    """The request for what changed; the first time for `initial`, where there is one."""
    if spec.cursor is None:
        raise PermanentError(
            "`incremental` needs to know the column that tells when a record changed",
            where="stream",
            do="Declare `cursor:` at the stream",
        )
    start = start_of(spec, since, rule.format)
    value = rule.initial if start is None else start
    if value is None:
        return ask
    if rule.place == "body":
        return replace(ask, json=_put(ask.json or {}, rule.param, value))
    return replace(ask, params={**ask.params, rule.param: value})


def _put(document: Mapping[str, Any], way: str, value: Any) -> dict[str, Any]:
    """The document with a value at a way such as filter.since."""
    name, _, rest = way.partition(".")
    inner = document.get(name)
    below = inner if isinstance(inner, Mapping) else {}
    return {**document, name: _put(below, rest, value) if rest else value}
