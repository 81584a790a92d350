"""Logging in and checking in with a real browser: accessible, and nothing that is forbidden."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from access_builders import DATA, KR, PASSWORD, add_user, make_project, served

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = pytest.mark.slow
CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served project in which Maya logs in."""
    small = make_project(tmp_path_factory.mktemp("browser"))
    with served(small) as (app, project):
        add_user(project, "maya@acme.example", "owner", "auditor")
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_person_logs_in_checks_in_and_looks(site: str, scheme: str) -> None:
    """By clicks alone; axe finds nothing, the policy stops nothing, a phone is wide enough."""
    with playwright.sync_playwright() as running:
        own = str(CHROMIUM) if CHROMIUM.exists() else None
        try:
            browser = running.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium here: {str(error).splitlines()[0]}")
        page = browser.new_page(color_scheme=scheme, viewport=PHONE)
        said: list[str] = []
        page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)

        def look() -> None:
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found = axe.Axe().run(page)
            assert not found.response["violations"], f"{page.url}\n{found.generate_report()}"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], page.url

        page.goto(f"{site}/key-results/{KR}")
        look()
        _fill(page, name="maya@acme.example", password=PASSWORD)
        assert page.url.endswith(KR)
        page.click("text=Check in >> nth=-1")
        look()
        _fill(page, value="4", note="<script>alert(1)</script> well")
        assert page.url.endswith("#said")
        assert "<script>alert(1)</script> well" in page.inner_text("main")
        look()
        for path in ("/check-ins", f"/check-in/{DATA}", f"/rows/{DATA}"):
            page.goto(site + path)
            look()
        page.click("text=Log out")
        assert "/login" in page.url
        assert said == []
        browser.close()


def _fill(page: Any, **fields: str) -> None:
    for name, text in fields.items():
        page.fill(f"[name={name}]", text)
    page.click("main form button")
    page.wait_for_load_state()
