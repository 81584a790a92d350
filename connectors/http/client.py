"""Asking a server: complete answers or errors that say whether trying again helps.

What belongs here: requests, retries, pace, redirects, deadlines. What does not: paging, what
a body means, any vendor.

Every request is a read, so all may be repeated. httpx is told nothing of redirects and
compression: both are held here, where the host and the end of a body can be watched; its own
log lines contain query strings, so they are turned off.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import tenacity

from connectors.clock import Clock
from connectors.durations import seconds_of
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.answers import Answer, failure_of, page_for_people
from connectors.http.body import ACCEPT_ENCODING, read_body
from connectors.http.documents import parsed
from connectors.http.limits import Pace, retry_after, spent
from connectors.http.options import HttpSource
from connectors.http.signing_in import SignIn, sign_in_of
from connectors.scrubbing import Scrubber, secrets_of

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
AGENT = "scoreline"
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Judge = Callable[[Answer], ConnectorError | None]


class HttpClient:
    """One server, as one kind asks it. Safe to use from several threads."""

    def __init__(
        self,
        options: HttpSource,
        clock: Clock,
        *,
        judge: Judge = lambda answer: None,
        scrubber: Scrubber | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is opened or asked yet.

        Args:
            options: where, how to sign in, how hard to try; secrets resolved.
            clock: UTC; dates in Retry-After are compared with it.
            judge: says what a vendor's answer means where its status does not: an error in
                a body of status 200, a 403 that is a throttle. None where it is fine.
            scrubber: knows the secrets; made of the options if left out.
            sleep: waits so many seconds.
        """
        self.base = options.url.rstrip("/")
        self.scrubber = scrubber or Scrubber(secrets_of(options.model_dump()))
        self._effort, self._clock = options.effort, clock
        self._judge, self._sleep = judge, sleep
        self._pace = Pace(options.effort.requests_per_second, sleep)
        self._longest_wait = seconds_of(options.effort.longest_wait)
        self._until: float | None = None
        self._client = httpx.Client(
            timeout=options.effort.timeout,
            follow_redirects=False,
            verify=self.base.startswith("https:"),  # certificates take long to load
            headers={"User-Agent": AGENT, "Accept-Encoding": ACCEPT_ENCODING, **options.headers},
            limits=httpx.Limits(max_connections=options.effort.concurrency),
        )
        timeout = options.effort.timeout
        self.sign_in: SignIn = sign_in_of(options.auth, self.base, self.scrubber, timeout)

    def begin(self) -> None:
        """Start the deadline that all further requests share."""
        self._until = time.monotonic() + seconds_of(self._effort.deadline)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """As `ask`, with GET."""
        return self.ask("GET", path, params=params, **more)

    def document(self, method: str, path: str, **more: Any) -> Any:
        """One answer of JSON as Python values; as `ask`, and repeated where it is cut short."""
        found: list[Any] = []

        def use(answer: Answer) -> None:
            found[:] = [parsed(answer.body, answer.where)]

        self.ask(method, path, use=use, **more)
        return found[0]

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        fine: Collection[int] = (),
        html: bool = False,
        use: Callable[[Answer], None] = lambda answer: None,
    ) -> Answer:
        """One complete answer, tried as often as the options allow.

        Args:
            method: of HTTP; the request must be a read.
            path: below the base, or a whole address on the same host.
            params: of the query; None values are left out.
            json: a body, sent as JSON.
            form: a body, sent as a form; secrets are better here than in an address.
            headers: further ones.
            fine: statuses beside 2xx that are no error, such as 404 behind the last page.
            html: whether a page of HTML is what is asked for.
            use: takes the answer; where it raises `TransientError`, the request is repeated.

        Raises:
            PermanentError: a person must act.
            TransientError: it did not pass while there was time.
        """
        url = self.address(path)
        given = {k: v for k, v in (params or {}).items() if v is not None} or None
        attempt = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(self._effort.attempts),
            wait=self._pause,
            sleep=self._sleep_within,
            reraise=True,
        )

        def once() -> Answer:
            answer = self._signed(method, url, given, (json, form), dict(headers or {}))
            self._judged(answer, fine, html)
            use(answer)
            return answer

        return attempt(once)

    def address(self, path: str) -> str:
        """A whole address from a path, a relative link or a whole one.

        Raises:
            PermanentError: it leaves the host (or changes the scheme), so that what signs
                in would be shown to a stranger.
        """
        whole = path if "://" in path else f"{self.base}/{path.lstrip('/')}" if path else self.base
        own, other = urlsplit(self.base), urlsplit(whole)
        if (own.scheme, _place(own)) != (other.scheme, _place(other)):
            raise PermanentError(
                f"the server sends to another host, {other.scheme}://{other.hostname}",
                where=self.scrubber.url(self.base),
                do="Nothing was asked there, as it would see the sign-in. "
                "If it is meant to be so, set `url` to that host",
            )
        return whole

    def relative(self, link: str, to: str) -> str:
        """The address of a link in an answer that came from `to`."""
        return self.address(urljoin(to, link))

    def _signed(
        self,
        method: str,
        url: str,
        params: Any,
        content: tuple[Any, Any],
        headers: dict[str, str],
    ) -> Answer:
        signed = {**headers, **self.sign_in.headers(self._client)}
        answer = self._sent(method, url, params, content, signed)
        if answer.status == 401 and self.sign_in.renew(self._client):
            signed = {**headers, **self.sign_in.headers(self._client)}
            answer = self._sent(method, url, params, content, signed)
        return answer

    def _judged(self, answer: Answer, fine: Collection[int], html: bool) -> None:
        if spent(answer.headers):
            self._pace.hold(min(retry_after(answer.headers, self._clock()) or 0, 60))
        error = self._judge(answer)
        if error is not None:
            raise error
        if answer.status in fine:
            return
        if not 200 <= answer.status < 300:
            raise failure_of(answer, self.scrubber, self._clock())
        if answer.is_html and not html:
            raise page_for_people(answer, "data")

    def _sent(self, method: str, url: str, params: Any, content: Any, headers: Any) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._once(method, url, params, content, headers)
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return answer
            url, params = self.relative(answer.headers["location"], answer.url), None
        raise PermanentError(f"more than {MOST_REDIRECTS} redirects", where=self.scrubber.url(url))

    def _once(self, method: str, url: str, params: Any, content: Any, headers: Any) -> Answer:
        self._in_time(url)
        self._pace.wait()
        where = self.scrubber.url(str(httpx.URL(url, params=params) if params else url))
        try:
            with self._client.stream(
                method, url, params=params, json=content[0], data=content[1], headers=headers
            ) as response:
                body = read_body(response, self._effort.max_body, where)
                names = {k.lower(): v for k, v in response.headers.items()}
                return Answer(response.status_code, names, body, str(response.url), where)
        except httpx.HTTPError as error:
            raise _network(error, where, self._effort.timeout) from None
        except httpx.InvalidURL:
            raise PermanentError("is not an address", where=where) from None

    def _in_time(self, url: str) -> None:
        if self._until is not None and time.monotonic() > self._until:
            raise TransientError(
                f"the stream took longer than {self._effort.deadline}",
                where=self.scrubber.url(url),
                do="Raise effort.deadline, or read less at once",
            )

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """What the server asks for, else longer each time, with some chance in it."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        if asked is None:
            return float(tenacity.wait_exponential_jitter(multiplier=0.5, max=30)(state))
        if asked > self._longest_wait and isinstance(error, TransientError):
            raise error
        return asked

    def _sleep_within(self, seconds: float) -> None:
        if self._until is not None and time.monotonic() + seconds > self._until:
            raise TransientError(
                f"the server asks for a pause of {seconds:.0f} s, which is past the deadline",
                where=self.scrubber.url(self.base),
                retry_after=seconds,
            )
        self._sleep(seconds)


def _place(parts: Any) -> tuple[str | None, int | None]:
    return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _network(error: httpx.HTTPError, where: str, timeout: int) -> ConnectorError:
    """A failure below HTTP. httpx's own words are left out: they may repeat the address."""
    if _is_certificate(error):
        return PermanentError(
            "the server's certificate is not trusted",
            where=where,
            do="Set SSL_CERT_FILE to your authority's certificates, or mend the server's",
        )
    if isinstance(error, httpx.TimeoutException):
        return TransientError(f"no answer within {timeout} s", where=where)
    if isinstance(error, httpx.ConnectError):
        return TransientError("no connection: the host is unknown or refuses", where=where)
    if isinstance(error, httpx.UnsupportedProtocol):
        return PermanentError("is not an address of http or https", where=where)
    return TransientError(
        f"the connection broke before the answer was whole ({type(error).__name__})", where=where
    )


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
