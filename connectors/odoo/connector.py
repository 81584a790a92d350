"""The `odoo` kind: records of any model, over JSON-RPC.

What belongs here: how Odoo is asked and what its answers mean. What does not: the base.

Sources: Odoo's external API (`common.authenticate`, `object.execute_kw`, `search_read`). Seen on
Odoo 17: errors come with status 200; archived records (lost deals!) are hidden unless
`active_test` is false; `write_date` is shown to the second and kept to the microsecond, and bulk
loads share it; a null is `false`; times are UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, cast

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import CursorColumn, Position, start_of
from connectors.http.documents import found_at, parsed
from connectors.http.keyset import walk_by_id
from connectors.http.mending import Mend
from connectors.http.options import HttpSource
from connectors.http.paging import Ask
from connectors.http.walking import Listing, Page
from connectors.jsontext.ways import way_of
from connectors.options import Options, parse_options

TRANSIENT = ("OperationalError", "SerializationFailure", "LockNotAvailable")


class OdooSource(HttpSource):
    """Options at the source; `url` is the server, such as https://acme.odoo.com."""

    database: str = Field(description="the database's name")
    username: str = Field(description="the account's login")
    api_key: str = Field(
        description='an API key or password, as a reference such as "${env:ODOO_KEY}"', repr=False
    )


class OdooStream(Options):
    """Options at a stream: a model and which of its records."""

    model: str = Field(description="such as crm.lead, survey.user_input or hr.employee")
    domain: list[Any] = Field(
        default_factory=list, description="a condition in Odoo's words, such as [[type, =, lead]]"
    )
    archived: bool = Field(default=True, description="also archived records, such as lost deals")
    size: int = Field(default=1_000, ge=1, le=20_000, description="records a page")
    context: dict[str, Any] = Field(
        default_factory=dict, description="Odoo's context, such as lang"
    )


class OdooConnector(HttpConnector):
    """An Odoo database."""

    kind = "odoo"
    version = "1"
    about = "records of any Odoo model over JSON-RPC, archived ones included"
    SourceOptions = OdooSource
    StreamOptions = OdooStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """Records that changed since, by id."""
        options = parse_options(OdooStream, spec.options)
        domain = list(options.domain)
        column, start = CursorColumn.of(spec), start_of(spec, since, "%Y-%m-%d %H:%M:%S")
        if column is not None and start is not None:
            domain.append([column.way[0], ">=", start])
        fields = sorted({_field(c.wanted) for c in spec.columns} | {"id"})

        def listing(last: int) -> Listing:
            ask = self._call(
                "object",
                "execute_kw",
                self._login,
                options.model,
                "search_read",
                [[*domain, ["id", ">", last]]],
                {
                    "fields": fields,
                    "limit": options.size,
                    "order": "id asc",
                    "context": {**options.context, "active_test": not options.archived},
                },
            )
            return Listing(ask, "result")

        return walk_by_id(self.client, listing)

    def mends(self, spec: StreamSpec) -> tuple[Mend, ...]:
        """`false` means null, except for what is declared to be true or false."""
        return tuple(
            Mend(rf"([{{,]\s*{re.escape(json.dumps(_field(c.wanted)))}\s*:\s*)false", r"\1null")
            for c in spec.columns
            if c.type != "boolean"
        )

    def judge(self, answer: Answer) -> ConnectorError | None:
        """Every error comes with status 200 and a member `error`."""
        if answer.status != 200 or b'"error"' not in answer.body[:200]:
            return None
        document = parsed(answer.body, answer.where)
        error = found_at(document, "error") if isinstance(document, dict) else None
        if not error:
            return None
        name = str(found_at(error, "data.name") or "")
        words = found_at(error, "data.message") or found_at(error, "message") or "an error"
        text = f"Odoo answers: {self.client.scrubber.excerpt(str(words).encode())} ({name})"
        if any(part in name for part in TRANSIENT):
            return TransientError(text, where=answer.where)
        return PermanentError(
            text,
            where=answer.where,
            do="Check the account's rights"
            if "Access" in name
            else "Check the stream's model, domain and columns",
        )

    def _call(self, service: str, method: str, *arguments: Any) -> Ask:
        if service == "object":
            options = cast(OdooSource, self.options)
            user, *rest = arguments
            arguments = (options.database, user, options.api_key, *rest)
        params = {"service": service, "method": method, "args": list(arguments)}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        return Ask("jsonrpc", json=body, method="POST")

    @cached_property
    def _login(self) -> int:
        """The account's number.

        Raises:
            PermanentError: Odoo does not know the account, or the key is wrong.
        """
        options = cast(OdooSource, self.options)
        ask = self._call(
            "common", "authenticate", options.database, options.username, options.api_key, {}
        )
        user = found_at(self.client.document(ask.method, ask.path, json=ask.json), "result")
        if not isinstance(user, int) or isinstance(user, bool):
            raise PermanentError(
                f"Odoo does not let {options.username} in",
                where=f"{self.identity}, database {options.database}",
                do="Check username, api_key and database",
            )
        return user


def _field(header: str) -> str:
    """The field of a column; `$.partner_id[1]` is the name of a `partner_id`."""
    return way_of(header.partition("[")[0])[0]
