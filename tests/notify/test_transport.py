"""Messages arrive at real servers, and no secret of a URL comes out anywhere."""

from __future__ import annotations

import logging

import pytest
from notify_servers import MailServer, WebServer, serving

from scoreline.core.notices import Message
from scoreline.notify.ports import DeliveryError
from scoreline.notify.transport import AppriseNotifier

SECRET = "s3cr3t"
MESSAGE = Message("status:ops:1", "ops", "status", "Off track <b>", "one\n\ntwo <script> & *x*")


def test_a_webhook_gets_title_and_body_as_they_are() -> None:
    """What is posted is the message, to the character."""
    server = WebServer(200)
    with serving(server) as port:
        AppriseNotifier(f"json://127.0.0.1:{port}/{SECRET}").send(MESSAGE)
    [got] = server.got
    assert (got["title"], got["message"]) == (MESSAGE.title, MESSAGE.body)


def test_a_mail_goes_to_the_owner() -> None:
    """With an address the mail goes there; text in it is no HTML."""
    server = MailServer()
    with serving(server) as port:
        message = Message("k", "mail", "status", "T", MESSAGE.body, address="maya@acme.example")
        AppriseNotifier(f"mailto://127.0.0.1:{port}/?from=okr@acme.example").send(message)
    [(to, mail)] = server.got
    assert to == ["maya@acme.example"]
    assert mail["Subject"] == "T"
    html = mail.get_body(("html",))
    plain = mail.get_body(("plain",))
    assert plain is None or "two <script> & *x*" in plain.get_content()
    assert html is None or "<script>" not in html.get_content()


def test_owners_are_written_to_by_mail_only() -> None:
    """A chat has no address for an owner: said, not guessed."""
    message = Message("k", "chat", "status", "T", "B", address="maya@acme.example")
    with pytest.raises(DeliveryError, match="mailtos://"):
        AppriseNotifier("json://127.0.0.1:9/x").send(message)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json://me:{s}@127.0.0.1:{port}/{s}?+X-Key={s}", "the service answered 500"),
        ("json://me:{s}@127.0.0.1:9/{s}", "could not be reached"),
        ("mailto://me:{s}@127.0.0.1:9/?from=a@acme.example", "could not be reached"),
        ("nonsense://{s}", "none that Apprise knows"),
        ("slack://{s}", "none that Apprise knows"),
    ],
)
def test_no_secret_comes_out_of_a_failure(
    url: str,
    words: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither the error nor any log at any level holds a part of the URL's secret."""
    caplog.set_level(logging.DEBUG)
    with serving(WebServer(500)) as port, pytest.raises(DeliveryError) as caught:
        AppriseNotifier(url.format(s=SECRET, port=port)).send(MESSAGE)
    assert words in str(caught.value)
    out, err = capfd.readouterr()
    for said in (str(caught.value), repr(caught.value.__cause__), caplog.text, out, err):
        assert SECRET not in said


def test_loggers_are_as_they_were_afterwards() -> None:
    """Sending changes no logger of the program for good."""
    log = logging.getLogger("urllib3.connectionpool")
    before = (log.disabled, log.propagate, log.handlers)
    with pytest.raises(DeliveryError):
        AppriseNotifier("json://127.0.0.1:9/x").send(MESSAGE)
    assert (log.disabled, log.propagate, log.handlers) == before
