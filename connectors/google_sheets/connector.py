"""The `google_sheets` kind: a range of a sheet, its first row the header.

What belongs here: how Google is asked and signed in to. What does not: the base.

Sources: Sheets API v4 `spreadsheets.values.get` (by columns, so that a table is built without
walking its rows; numbers as they are, dates as shown); OAuth 2 for service accounts (RFC 7523).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

import httpx
from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import PermanentError, TransientError
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position
from connectors.http.options import HttpSource
from connectors.http.paging import Ask
from connectors.http.signing_in import SignIn
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options

SCOPE = "https://www.googleapis.com/auth/spreadsheets.readonly"


class GoogleSheetsSource(HttpSource):
    """Options at the source."""

    url: str = Field(
        default="https://sheets.googleapis.com", description="the API", pattern=r"^https?://"
    )
    service_account: str | None = Field(
        default=None,
        description='the key file\'s contents by reference, such as "${file:secrets/google.json}"; '
        "share the sheet with the account's address",
        repr=False,
    )


class GoogleSheetsStream(Options):
    """Options at a stream: a range."""

    spreadsheet: str = Field(
        pattern=r"^[A-Za-z0-9_-]{8,}$", description="the id in the sheet's address, behind /d/"
    )
    range: str = Field(description="such as Scores, or Scores!A3:F; its first row is the header")


class GoogleSheetsConnector(HttpConnector):
    """Google Sheets."""

    kind = "google_sheets"
    version = "1"
    about = "a range of a Google sheet, its first row the header"
    SourceOptions = GoogleSheetsSource
    StreamOptions = GoogleSheetsStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """The range at once, by columns."""
        del since
        options = parse_options(GoogleSheetsStream, spec.options)
        ask = Ask(
            f"v4/spreadsheets/{options.spreadsheet}/values/{quote(options.range, safe='')}",
            {
                "majorDimension": "COLUMNS",
                "valueRenderOption": "UNFORMATTED_VALUE",
                "dateTimeRenderOption": "FORMATTED_STRING",
            },
        )
        return walk(self.client, Listing(ask, "values", shape="columns"))

    def sign_in(self) -> SignIn | None:
        """The service account's, where there is one."""
        options = cast(GoogleSheetsSource, self.options)
        if options.service_account is None:
            return None
        return ServiceAccount(options.service_account, options.effort.timeout)


class ServiceAccount:
    """A token that is asked for with a signed statement, by Authlib."""

    def __init__(self, key_file: str, timeout: float) -> None:
        try:
            known = json.loads(key_file)
            self._key, self._account = str(known["private_key"]), str(known["client_email"])
            self._url = str(known["token_uri"])
        except (ValueError, KeyError, TypeError):
            raise PermanentError(
                "is not the key file of a service account",
                where="option service_account",
                do="Refer to the JSON file that Google gave: ${file:secrets/google.json}",
            ) from None
        self._timeout = timeout
        self._token: Any = None
        self._lock = threading.Lock()

    def headers(self, client: httpx.Client) -> Mapping[str, str]:
        """The token's header."""
        del client
        with self._lock:
            if self._token is None or self._token.is_expired(leeway=30):
                self._token = self._fetch()
            return {"Authorization": f"Bearer {self._token['access_token']}"}

    def renew(self, client: httpx.Client) -> bool:
        """Forget the token."""
        del client
        self._token = None
        return True

    def _fetch(self) -> Any:
        from authlib.integrations import httpx_client

        maker: Any = httpx_client.AssertionClient
        try:
            with maker(
                token_endpoint=self._url,
                issuer=self._account,
                subject=None,
                audience=self._url,
                claims={"scope": SCOPE},
                key=self._key,
                header={"alg": "RS256"},
                timeout=self._timeout,
            ) as client:
                client.refresh_token()
                return client.token
        except Exception as error:  # Authlib passes on its own client's errors of any kind
            raise TransientError(
                f"no token could be had for {self._account}: {type(error).__name__}",
                where=self._url,
                do="Check that the service account's key is still valid",
            ) from None
