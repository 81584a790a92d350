"""`notify` and `users` from the command line: what they print and their exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from notify_servers import WebServer, serving
from telling_builders import Telling
from typer.testing import CliRunner

from scoreline.cli.completion import names
from scoreline.cli.main import app
from scoreline.core.errors import UsageError

DIGESTS = 'recipients:\n  ops: {url: "${env:OPS_URL}", events: [digest]}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that was scored on the day that is pinned, with a digest due."""
    told = Telling.make(tmp_path, DIGESTS)
    organisation = tmp_path / "okr_defs/organisation.yaml"
    text = organisation.read_text().replace("last_complete_day", "2026-11-21")
    organisation.write_text(text)
    told.says("0")
    told.small.run()
    return tmp_path


def command(root: Path, *words: str, text: str = "") -> tuple[int, str]:
    """Exit status and output of a command on the project."""
    found = CliRunner().invoke(app, [*words, "--project", str(root)], input=text)
    if isinstance(found.exception, UsageError):
        return 2, str(found.exception)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.output


def test_a_digest_is_shown_and_then_sent(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run prints it and keeps nothing; the command sends it, once, and lists it."""
    server = WebServer(200)
    with serving(server) as port:
        monkeypatch.setenv("OPS_URL", f"json://127.0.0.1:{port}/s3cr3t")
        status, out = command(root, "notify", "--dry-run", "--json")
        assert (status, len(json.loads(out)["new"]), server.got) == (0, 1, [])
        status, out = command(root, "notify")
        assert (status, "1 message sent: ops" in out) == (0, True)
        assert command(root, "notify")[1].strip() == "✔ there is nothing to tell"
        assert [g["title"] for g in server.got] == ["Test: where 2 key results stand on 2026-11-21"]
    status, out = command(root, "notify", "--log", "--json")
    assert [m["state"] for m in json.loads(out)] == ["sent"]
    assert "s3cr3t" not in out


def test_what_fails_is_said_without_the_secret(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 3 with the reason: no variable, a refusing service; never the URL."""
    status, out = command(root, "notify")
    assert status == 3
    assert "the environment variable OPS_URL is not set" in out.replace("\n", " ")
    with serving(WebServer(401)) as port:
        monkeypatch.setenv("OPS_URL", f"json://127.0.0.1:{port}/s3cr3t")
        for words in (("notify",), ("notify", "--test", "ops")):
            status, out = command(root, *words)
            assert (status, "answered 401" in out, "s3cr3t" in out) == (3, True, False)


def test_unknown_names_are_refused(root: Path) -> None:
    """A recipient or message that is not there is named, with what is near."""
    assert command(root, "notify", "--test", "opps")[1].endswith("did you mean ops?")
    assert command(root, "notify", "--again", "nothing")[0] == 2


def test_users_come_and_go(root: Path) -> None:
    """Added with a role, listed without their password, given a token, removed."""
    status, out = command(
        root, "users", "add", "Ana@acme.example", "--role", "auditor", "--json", text="short\n"
    )
    assert (status, "12 to" in out) == (2, True)
    words = ("users", "add", "Ana@acme.example", "--role", "auditor", "--json")
    assert command(root, *words, text="correct horse battery\n")[0] == 0
    status, out = command(root, "users", "list", "--json")
    assert [(u["name"], u["roles"]) for u in json.loads(out)] == [("ana@acme.example", ["auditor"])]
    assert "scrypt" not in out
    assert command(root, "users", "token", "ana@acme.example")[0] == 0
    assert command(root, "users", "token", "tom@acme.example")[0] == 2
    assert command(root, "users", "remove", "anna@acme.example")[1].count("did you mean ana@")
    assert command(root, "users", "remove", "ana@acme.example")[0] == 0
    assert json.loads(command(root, "users", "looks", "--json")[1]) == []


def test_names_complete(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell is offered recipients and users of the project."""
    monkeypatch.setenv("SCORELINE_PROJECT", str(root))
    command(root, "users", "add", "ana@acme.example", text="correct horse battery\n")
    assert names("recipients", "o") == ["ops"]
    assert names("users", "a") == ["ana@acme.example"]
    assert names("unsure", "") == []
