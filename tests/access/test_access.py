"""Who gets in, what they may do, and what an answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from access_builders import (
    DATA,
    GRANTS,
    KR,
    OTHER,
    PASSWORD,
    Browser,
    add_user,
    make_project,
    served,
)
from fastapi import FastAPI
from fastapi.routing import APIRoute
from flow_builders import Small

from scoreline.core.errors import UsageError
from scoreline.steps.project import Project
from scoreline.web.access.limits import LIMITS, WINDOW, LoginLimits, address_of
from scoreline.web.access.passwords import hash_password, is_nobodys, is_password
from scoreline.web.access.setup import check_listening


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A project that was scored."""
    return make_project(tmp_path_factory.mktemp("access"))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """A project without users."""
    return make_project(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def users(small: Small) -> Iterator[tuple[FastAPI, Project]]:
    """The application with users who have a password."""
    with served(small) as (app, project):
        add_user(project, "view@acme.example", "viewer")
        add_user(project, "maya@acme.example", "owner")
        add_user(project, "ana@acme.example", "auditor")
        add_user(project, "root@acme.example", "admin")
        yield app, project
        for user in project.store.users():
            project.store.drop_user(user.name)


def test_a_password_fits_only_itself() -> None:
    """Two hashes of one password differ, and only that password fits either."""
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second
    assert PASSWORD not in first
    assert is_password(PASSWORD, first)
    assert not is_password(PASSWORD + "x", first)
    assert not is_nobodys(PASSWORD)
    with pytest.raises(UsageError, match="12 to"):
        hash_password("short")


def test_nobody_gets_in_without_logging_in(users: tuple[FastAPI, Project]) -> None:
    """Every page leads to the login, with the way back; programs are told 401."""
    browser = Browser(users[0])
    found = browser.get("/?team=learning")
    assert (found.status_code, found.headers["location"]) == (
        303,
        "/login?next=%2F%3Fteam%3Dlearning",
    )
    assert browser.get("/api/v1/key-results").status_code == 401
    assert browser.get(f"/key-results/{KR}").status_code == 303
    assert "hand" not in browser.get("/health").text


def test_a_user_logs_in_and_out(users: tuple[FastAPI, Project]) -> None:
    """Name and password open the page that was asked for; a copied cookie dies at logout."""
    browser = Browser(users[0])
    found = browser.log_in("View@acme.example", to="/health")
    assert (found.status_code, found.headers["location"]) == (303, "/health")
    cookie = found.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    page = browser.get("/")
    assert page.status_code == 200
    assert "view@acme.example" in page.text
    kept = dict(browser.cookies)
    browser.post("/logout", form_token=browser.token("/"))
    copied = Browser(users[0])
    copied.cookies.update(kept)
    assert copied.get("/").status_code == 303


def test_wrong_names_and_passwords_say_the_same(users: tuple[FastAPI, Project]) -> None:
    """Whether a user exists cannot be read from the answer."""
    answers = {
        Browser(users[0], f"10.0.0.{n}").log_in(name, "wrong password!").text.split("role=")[1][:80]
        for n, name in enumerate(("view@acme.example", "nobody@acme.example"))
    }
    assert len(answers) == 1


def test_a_changed_or_removed_user_is_out(bare: Small) -> None:
    """Another password ends open logins; so does removing the user."""
    with served(bare) as (app, project):
        for change in (
            lambda: add_user(project, "tom@acme.example", "viewer"),
            lambda: project.store.drop_user("tom@acme.example"),
        ):
            add_user(project, "tom@acme.example", "viewer")
            add_user(project, "stays@acme.example", "viewer")
            browser = Browser(app)
            browser.log_in("tom@acme.example")
            assert browser.get("/").status_code == 200
            change()
            assert browser.get("/").status_code == 303
        project.store.drop_user("tom@acme.example")
        project.store.drop_user("stays@acme.example")


def test_a_login_that_failed_often_has_to_wait(users: tuple[FastAPI, Project]) -> None:
    """After five failures even the right password waits, and the answer says how long."""
    browser = Browser(users[0], "10.1.1.1")
    for _ in range(LIMITS["both"]):
        assert browser.log_in("maya@acme.example", "wrong password!").status_code == 401
    found = browser.log_in("maya@acme.example")
    assert found.status_code == 429
    assert 0 < int(found.headers["retry-after"]) <= WINDOW + 1
    assert Browser(users[0], "10.1.1.2").log_in("maya@acme.example").status_code == 303


def test_limits_end_by_themselves() -> None:
    """Failures count for a quarter of an hour, by address over all names too."""
    now = [0.0]
    limits = LoginLimits(lambda: now[0])
    for n in range(LIMITS["address"]):
        assert limits.wait("a", f"user{n}") == 0
        limits.failed("a", f"user{n}")
    assert limits.wait("a", "another") == WINDOW + 1
    assert limits.wait("b", "another") == 0
    now[0] = WINDOW + 1
    assert limits.wait("a", "another") == 0


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("93.184.216.34", "", "93.184.216.34"),
        ("93.184.216.34", "198.51.100.7", "93.184.216.34"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.2", "unknown", "10.0.0.2"),
        ("", "198.51.100.7", ""),
    ],
)
def test_attempts_behind_a_proxy_count_for_their_own_address(
    client: str, forwarded: str, address: str
) -> None:
    """One attacker behind a proxy does not close the door for all; nobody outside can lie."""
    assert address_of(client, forwarded) == address


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/login"],
)
def test_the_login_leads_nowhere_else(users: tuple[FastAPI, Project], to: str) -> None:
    """Whatever the address asks for, the login ends on this page."""
    found = Browser(users[0]).log_in("view@acme.example", to=to)
    assert found.headers["location"] == "/"


def test_every_answer_is_a_safe_one(users: tuple[FastAPI, Project]) -> None:
    """No inline script, no frame, no sniffing, on pages, refusals and static files alike."""
    browser = Browser(users[0])
    browser.log_in("view@acme.example")
    for path in ("/", "/login", "/nowhere", "/static/page.css", "/api/v1/nowhere"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    text = browser.get("/").text + browser.get(f"/key-results/{KR}").text
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text


def test_every_form_needs_its_token(users: tuple[FastAPI, Project]) -> None:
    """Each address that changes something refuses a form without the session's token."""
    app = users[0]
    browser = Browser(app)
    browser.log_in("root@acme.example")
    included = [getattr(r, "original_router", None) for r in app.routes]
    routes = [r for router in included if router for r in router.routes]
    changing = [r for r in routes if isinstance(r, APIRoute) and r.methods - {"GET", "HEAD"}]
    assert len(changing) >= 3
    for route in changing:
        path = route.path.replace("{name:path}", KR)
        for token in ("", "x" * 32):
            found = browser.post(path, form_token=token, confidence="0.5")
            assert found.status_code == 403, path


def test_a_form_of_another_site_is_refused(users: tuple[FastAPI, Project]) -> None:
    """What a browser says was sent by another site does nothing, token or not."""
    browser = Browser(users[0])
    browser.log_in("root@acme.example")
    token = browser.token("/")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        browser.headers = headers
        assert browser.post("/logout", form_token=token).status_code == 403
    browser.headers = {"sec-fetch-site": "same-origin", "origin": "http://localhost"}
    assert browser.post("/logout", form_token=token).status_code == 303


def test_without_users_this_machine_alone_looks(bare: Small) -> None:
    """Nobody logs in on loopback, the page says so, and another host name is refused."""
    with served(bare) as (app, _):
        page = Browser(app).get("/")
        assert page.status_code == 200
        assert "this machine, nobody logs in" in page.text
        rebound = Browser(app, base="http://evil.example").get("/")
        assert rebound.status_code == 421
        assert "hand" not in rebound.text


def test_listening_elsewhere_needs_people_who_log_in(bare: Small) -> None:
    """Without users or a provider the server does not listen; without its address neither."""
    with bare.open() as project:
        check_listening(project, "127.0.0.1")
        with pytest.raises(UsageError, match="users add"):
            check_listening(project, "0.0.0.0")  # noqa: S104
        add_user(project, "a@acme.example", "viewer")
        with pytest.raises(UsageError, match="url: https"):
            check_listening(project, "0.0.0.0")  # noqa: S104
        project.store.drop_user("a@acme.example")


def test_rules_in_error_let_nobody_in(tmp_path: Path) -> None:
    """A mistake in access.yaml closes the page; it never opens it."""
    small = make_project(tmp_path)
    small.define(access="roles: {viewer: ['*']}\nproxy: {secret: clear}\n")
    with served(small) as (app, project):
        found = Browser(app).get("/")
        assert (found.status_code, "access.yaml" in found.text) == (503, True)
        with pytest.raises(UsageError, match=r"access\.yaml is in error"):
            check_listening(project, "127.0.0.1")


def test_a_trusted_proxy_says_who_it_is(tmp_path: Path) -> None:
    """Only with the secret does its header count, and only once each."""
    small = make_project(tmp_path)
    small.define(access=GRANTS + 'url: https://okr.acme.example\nproxy: {secret: "${env:P}"}\n')
    with served(small, "0.0.0.0", proxy_secret="s3cret") as (app, _):  # noqa: S104

        def status(*headers: tuple[str, str]) -> int:
            return Browser(app).request("GET", "/", headers=list(headers)).status_code

        who, proof = ("X-Forwarded-Email", "tom@acme.example"), ("X-Scoreline-Proxy", "s3cret")
        assert status(who, proof) == 200
        assert status(who) == status(proof) == 303
        assert status(who, ("X-Scoreline-Proxy", "guess")) == 303
        assert status(who, ("X-Forwarded-Email", "root@acme.example"), proof) == 303
        assert status(("X-Forwarded-Email", "x@else.example"), proof) == 403
        cookie = Browser(app, base="https://okr.acme.example").get("/login").headers
        assert "__Host-scoreline=" in cookie["set-cookie"]
        assert "secure" in cookie["set-cookie"].lower()
        assert "max-age" in cookie["strict-transport-security"]


def test_owners_check_in_on_what_is_theirs(users: tuple[FastAPI, Project]) -> None:
    """An owner's own key result takes a check-in; another's does not; a viewer's none."""
    app, project = users
    maya = Browser(app, "10.2.0.1")
    maya.log_in("maya@acme.example")
    path = f"/check-in/{KR}"
    token = maya.token(path)
    done = maya.post(path, form_token=token, value="4", confidence="0.7", note="<i>well</i>")
    assert (done.status_code, done.headers["location"]) == (303, f"/key-results/{KR}#said")
    [entry] = project.store.check_ins(KR)
    assert (entry.who, entry.value, entry.confidence) == ("maya@acme.example", "4", "0.7")
    shown = maya.get(f"/key-results/{KR}").text
    assert "&lt;i&gt;well&lt;/i&gt;" in shown
    assert "counts once" in shown
    form = maya.get(f"/check-in/{DATA}")
    assert form.status_code == 200
    assert 'name="override"' in form.text
    assert 'name="value"' not in form.text
    assert maya.get(f"/check-in/{OTHER}").status_code == 403
    assert maya.post(f"/check-in/{OTHER}", form_token=token, value="4").status_code == 403
    viewer = Browser(app)
    viewer.log_in("view@acme.example")
    assert viewer.get(path).status_code == 403
    assert "/check-in/" not in viewer.get(f"/key-results/{KR}").text
    admin = Browser(app)
    admin.log_in("root@acme.example")
    form = f"/check-in/{OTHER}"
    assert admin.post(form, form_token=admin.token(form), value="3").status_code == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"value": "many"}, "is not a number"),
        ({"value": "1", "confidence": "70"}, "is not between 0 and 1"),
        ({"value": "1", "day": "2030-01-01"}, "lies in the future"),
        ({"value": "1", "day": "tomorrow"}, "is no day"),
        ({"note": "hello"}, "needs value"),
        ({"override": "1", "until": "2026-12-01", "reason": "r"}, "another person who approved"),
        (
            {
                "override": "1",
                "until": "2026-12-01",
                "reason": "r",
                "approver": "MAYA@acme.example",
            },
            "another person than who makes it",
        ),
        ({"override": "1", "approver": "tom"}, "needs until DATE and reason"),
    ],
)
def test_a_check_in_that_is_not_legal_is_given_back(
    users: tuple[FastAPI, Project], fields: dict[str, str], words: str
) -> None:
    """The form comes back with what was written and what is wrong; nothing is recorded."""
    app, project = users
    maya = Browser(app, "10.2.0.2")
    maya.log_in("maya@acme.example")
    before = len(project.store.check_ins())
    path = f"/check-in/{KR}"
    found = maya.post(path, form_token=maya.token(path), **fields)
    assert found.status_code == 422
    assert words in found.text
    assert len(project.store.check_ins()) == before


def test_a_check_in_during_a_run_is_given_back(
    users: tuple[FastAPI, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a run holds the project the text is not lost, and the answer says to repeat."""
    app, project = users
    monkeypatch.setattr("scoreline.web.pages.check_ins.WAIT", 0.1)
    admin = Browser(app, "10.2.0.3")
    admin.log_in("root@acme.example")
    path = f"/check-in/{KR}"
    token = admin.token(path)
    with project.working("run"):
        found = admin.post(path, form_token=token, value="5", note="keep this")
    assert found.status_code == 409
    assert "keep this" in found.text


def test_the_page_says_who_owes_a_check_in(users: tuple[FastAPI, Project]) -> None:
    """Whoever looks comes first, with the day since when; forms only where they may."""
    maya = Browser(users[0], "10.2.0.4")
    maya.log_in("maya@acme.example")
    text = maya.get("/check-ins").text
    assert "wait for a check-in" in text
    assert 'class="tag">you' in text
    assert f"/check-in/{OTHER}" not in text
