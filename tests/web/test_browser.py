"""Pages in a real browser: accessible, by keyboard, on a phone, without scripts, in print.

Chromium of the machine, else Playwright's own; without either these tests skip.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from page_world import Pages

from scoreline.web.app import create_app
from scoreline.web.site import write_site

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = pytest.mark.slow
CHROMIUM = (
    Path("/usr/bin/chromium"),
    Path("/usr/bin/chromium-browser"),
    Path("/usr/bin/google-chrome"),
)
KR = "/key-results/2026-H2"
PATHS = (
    "/", "/?view=table", "/?view=alignment", "/changes", "/review", "/health", "/celebrate",
    f"{KR}/company/top/people", f"{KR}/learning/courses/half", f"{KR}/sales/hand/talks",
    f"{KR}/sales/hand/roll-out", f"{KR}/learning/courses/steady", "/records/2026-H2/company/top/people",
    "/why/2026-H2/company/top/people?since=2026-11-13", "/split/2026-H2/company/top/people?by=team",
    "/nowhere",
)  # fmt: skip
WIDER = """[...document.querySelectorAll('main *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll'))
  .map(e => e.outerHTML.slice(0, 120)).slice(0, 5)"""
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    own = next((str(path) for path in CHROMIUM if path.exists()), None)
    with playwright.sync_playwright() as running:
        try:
            found = running.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}")
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(world: Pages) -> Iterator[str]:
    """The world on a port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(world.live), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Any, site: str, scheme: str) -> None:
    """No violation on any page, contrast and best practices among the rules; no errors either."""
    page = browser.new_page(color_scheme=scheme)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    for path in PATHS if scheme == "light" else PATHS[::2]:
        page.goto(site + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = axe.Axe().run(page)
        assert not found.response["violations"], f"{path}\n{found.generate_report()}"
    page.close()
    assert not errors


def test_a_phone_needs_no_sideways_scrolling(browser: Any, site: str) -> None:
    """At 360 pixels every page is as wide as the screen, with ten thousand characters too."""
    page = browser.new_page(viewport=PHONE)
    for path in PATHS:
        page.goto(site + path)
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], (
            path,
            page.evaluate(WIDER),
        )
    page.close()


def test_the_keyboard_is_enough(browser: Any, site: str) -> None:
    """The first stop skips to the content, every stop can be seen, the filter works."""
    page = browser.new_page()
    page.goto(site + "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(25):
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    page.focus("input[name=q]")
    page.keyboard.type("mean score")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=mean+score**")
    assert "1 of 13 key results" in page.inner_text("main")
    page.close()


def test_everything_works_without_scripts(browser: Any, site: str) -> None:
    """Filters, pages and drawings need no JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + "/")
    page.select_option("select[name=status]", "held")
    page.click("form.filters button")
    assert "1 of 13 key results" in page.inner_text("main")
    page.click("text=4 stars")
    assert page.is_visible("svg.chart.wide")
    context.close()


def test_print_has_what_matters_and_no_navigation(browser: Any, site: str) -> None:
    """On paper: the score and its drawing in black on white, no menus, no forms."""
    page = browser.new_page(color_scheme="dark")
    page.goto(site + f"{KR}/company/top/people")
    page.emulate_media(media="print", color_scheme="light")
    assert not page.is_visible("nav[aria-label=Pages]")
    assert page.is_visible("svg.chart.wide")
    assert page.is_visible("text=How it is computed")
    assert page.pdf().startswith(b"%PDF")
    page.goto(site + "/review")
    assert len(page.pdf()) > 10_000
    page.close()


def test_nothing_is_asked_of_another_host(browser: Any, site: str) -> None:
    """Every request goes to the page's own server."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PATHS[:6]:
        page.goto(site + path)
    page.close()
    assert asked
    assert all(url.startswith(site) for url in asked)


def test_the_static_site_opens_from_a_folder(browser: Any, world: Pages, tmp_path: Path) -> None:
    """From file://, styled, and from page to page."""
    write_site(world.live, tmp_path / "out")
    page = browser.new_page()
    page.goto((tmp_path / "out/index.html").as_uri())
    assert page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute"
    page.click("text=40 people are done")
    assert "How it is computed" in page.inner_text("main")
    page.click("nav >> text=Health")
    assert "Last runs" in page.inner_text("main")
    page.close()
