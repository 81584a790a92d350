"""Sending through Apprise: mail, chats, webhooks and a hundred other services by URL.

What belongs here: the one place that imports Apprise. What does not: what a message says.

A recipient's URL holds secrets, and so may anything that Apprise, its plugins and their
HTTP library say: nothing of it leaves this module but a status code or a plain reason.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from scoreline.core.notices import Message
from scoreline.notify.ports import DeliveryError

TIMEOUT = 20
"""Seconds after which an attempt ends."""

_TALKATIVE = ("apprise", "urllib3", "requests", "smtplib", "httpx", "asyncio")
_STATUS = re.compile(r"error=(\d{3})\b")
_MAIL = ("mailto://", "mailtos://")
_REASONS = (
    ("connection error", "the service could not be reached"),
    ("timed out", "the service did not answer in time"),
    ("could not connect", "the service could not be reached"),
    ("submission error", "the mail server refused it or could not be reached"),
    ("socket", "the service could not be reached"),
)


class AppriseNotifier:
    """A `Notifier` on one Apprise URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message) -> None:
        """Deliver a message; waits `TIMEOUT` seconds at most.

        Raises:
            DeliveryError: the URL cannot be used, or the service did not take the message.
        """
        with _silence():
            try:
                result, said = self._attempt(message)
            except DeliveryError:
                raise
            except Exception as error:
                raise DeliveryError(f"sending failed ({type(error).__name__})") from None
        if not result:
            raise DeliveryError(_reason(said))

    def _attempt(self, message: Message) -> tuple[bool, list[str]]:
        from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

        asset = AppriseAsset(app_id="Scoreline", app_desc="Scoreline", app_url="", async_mode=False)
        service = Apprise(asset=asset)
        if not service.add(_addressed(self._url, message.address)):
            raise DeliveryError("its URL is none that Apprise knows: see docs/messages.md")
        kind = NotifyType.WARNING if message.event == "source" else NotifyType.INFO
        result = service.notify(
            body=message.body,
            title=message.title,
            notify_type=kind,
            body_format=NotifyFormat(message.format),
            interpret_escapes=False,
            timeout=TIMEOUT,
        )
        return bool(result), [str(entry.message) for entry in result.logs()]


def _addressed(url: str, address: str | None) -> str:
    """The URL with an owner's address as the one to write to.

    Raises:
        DeliveryError: owners can be written to by mail only.
    """
    if address is None:
        return url
    if not url.startswith(_MAIL):
        raise DeliveryError("`to: owners` needs a mail server's URL: mailtos://…")
    return f"{url}{'&' if '?' in url else '?'}to={quote(address, safe='@')}"


def _reason(said: list[str]) -> str:
    """Why an attempt failed, without a word that Apprise said."""
    text = " ".join(said)
    found = _STATUS.search(text)
    if found:
        return f"the service answered {found[1]}"
    return next(
        (words for sign, words in _REASONS if sign in text.lower()),
        "the service did not take it",
    )


@contextmanager
def _silence() -> Iterator[None]:
    """Keep everything that may name the URL out of every log meanwhile.

    Apprise's own logger must stay awake, as it hears itself through it: it only loses its
    way to other handlers.
    """
    every = [logging.getLogger(n) for n in [*_TALKATIVE, *logging.Logger.manager.loggerDict]]
    loggers = [log for log in every if log.name.split(".", 1)[0] in _TALKATIVE]
    before = [(log, log.disabled, log.propagate, log.handlers) for log in loggers]
    try:
        for log in loggers:
            log.propagate, log.handlers = False, [logging.NullHandler()]
            log.disabled = not log.name.startswith("apprise")
        yield
    finally:
        for log, disabled, propagate, handlers in before:
            log.disabled, log.propagate, log.handlers = disabled, propagate, handlers
