"""Logging in at an OpenID Connect provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from access_builders import GRANTS, Browser, make_project, served
from access_provider import ISSUER, Provider
from fastapi import FastAPI

from scoreline.core.access import Oidc
from scoreline.web.access.login import make_provider

URL = "https://okr.acme.example"
OIDC = f"""\
url: {URL}
oidc: {{issuer: "{ISSUER}", client_id: okr, client_secret: "${{env:S}}"}}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project whose people log in at the provider."""
    folder = tmp_path_factory.mktemp("provider")
    grants = GRANTS.replace("  auditor: [", '  auditor: ["group:audit", ')
    make_project(folder).define(access=grants + OIDC)
    return folder


@pytest.fixture
def provider() -> Provider:
    """A provider at which Maya is logged in."""
    return Provider(email="maya@acme.example", email_verified=True, groups=["audit"])


@pytest.fixture
def app(root: Path, provider: Provider) -> Iterator[FastAPI]:
    """The application, its client speaking to that provider."""
    from flow_builders import Small

    oidc = Oidc(ISSUER, "okr", "${env:S}")
    client = make_provider(oidc, "s3cret", transport=provider)
    with served(Small(root), "0.0.0.0", provider=client) as (made, _):  # noqa: S104
        yield made


def browser_of(app: FastAPI) -> Browser:
    """A browser at the page's public address."""
    return Browser(app, base=URL)


def test_the_provider_logs_in(app: FastAPI, provider: Provider) -> None:
    """The code flow with PKCE, state and nonce ends on the page that was asked for."""
    browser = browser_of(app)
    assert 'href="/login/provider?next=/health"' in browser.get("/login?next=/health").text
    gone = browser.get("/login/provider?next=/health")
    asked = parse_qs(urlsplit(gone.headers["location"]).query)
    assert asked["redirect_uri"] == [f"{URL}/login/return"]
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce"} <= set(asked)
    back = browser.get(provider.agree(gone.headers["location"]))
    assert (back.status_code, back.headers["location"]) == (303, "/health")
    page = browser.get("/health")
    assert page.status_code == 200
    assert "maya@acme.example" in page.text


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"email_verified": False},
        {"email": None},
        {"email": 7},
    ],
)
def test_a_token_that_is_not_right_logs_nobody_in(
    app: FastAPI, provider: Provider, lie: dict[str, object]
) -> None:
    """Another audience, issuer, nonce or time, or an address that nobody verified."""
    provider.lie = lie
    browser = browser_of(app)
    gone = browser.get("/login/provider")
    back = browser.get(provider.agree(gone.headers["location"]))
    assert back.status_code in (401, 403)
    assert browser.get("/").status_code == 303


def test_a_token_of_another_key_is_refused(app: FastAPI, provider: Provider) -> None:
    """A signature by a key that the provider does not publish is worth nothing."""
    provider.signs_with = Provider().key
    browser = browser_of(app)
    gone = browser.get("/login/provider")
    assert browser.get(provider.agree(gone.headers["location"])).status_code in (401, 502)
    assert browser.get("/").status_code == 303


def test_the_way_back_belongs_to_one_browser(app: FastAPI, provider: Provider) -> None:
    """The address with a code does nothing in another browser, and nothing twice."""
    browser = browser_of(app)
    gone = browser.get("/login/provider")
    back = provider.agree(gone.headers["location"])
    other = browser_of(app)
    assert other.get(back).status_code in (401, 502)
    assert other.get("/").status_code == 303
    assert browser.get(back).status_code == 303
    assert browser_of(app).get(back).status_code in (401, 502)


def test_a_provider_that_is_down_is_said(app: FastAPI, provider: Provider) -> None:
    """The page says that the provider cannot be reached, and nothing of the client."""
    provider.down = True
    found = browser_of(app).get("/login/provider")
    assert found.status_code == 502
    assert "s3cret" not in found.text
