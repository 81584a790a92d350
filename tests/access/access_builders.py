"""A project with people, its application, and browsers that keep their cookies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from flow_builders import ORGANISATION, Small

from scoreline.steps.project import Project
from scoreline.web.access.passwords import hash_password
from scoreline.web.access.setup import Keys, with_access
from scoreline.web.api.setup import with_api
from scoreline.web.app import create_app
from scoreline.wiring.serving import open_live

KR = "2026-H2/learning/o/hand"
OTHER = "2026-H2/learning/o/other"
DATA = "2026-H2/learning/o/people"
PASSWORD = "correct horse battery"
SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns:
      id: {type: text, personal: pseudonym}
      team: text
      at: {type: timestamp, timezone: Europe/Berlin}
    key: [id]
    load: merge
    event_time: at
"""
METRICS = """\
metrics:
  people: {title: People, unit: count, from: lms.done, measure: {count_distinct: id}, dimensions: [team]}
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: maya@acme.example
    key_results:
      hand: {title: "By <b>hand</b>", manual: true, baseline: 0, target: 10}
      other: {title: Other, manual: true, baseline: 0, target: 10, owner: tom@acme.example}
      people: {title: "=People", metric: people, baseline: 0, target: 10}
"""
GRANTS = """\
roles:
  viewer: ["@acme.example"]
  owner: ["@acme.example"]
  auditor: [ana@acme.example]
  admin: [root@acme.example]
"""


def make_project(root: Path) -> Small:
    """Three key results, one of them with data; scored once."""
    small = Small(root)
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    rows = "".join(f"p{n},sales,2026-08-0{n} 10:00\n" for n in range(1, 5))
    small.write("data/done1.csv", "id,team,at\n" + rows)
    small.run()
    return small


@dataclass
class Browser:
    """A client of the application that keeps cookies and follows nothing by itself."""

    app: FastAPI
    address: str = "127.0.0.1"
    base: str = "http://localhost"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request."""
        return asyncio.run(self._request(method, path, **more))

    async def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(
            app=self.app, client=(self.address, 5), raise_app_exceptions=False
        )
        async with httpx.AsyncClient(
            transport=transport, base_url=self.base, cookies=self.cookies, headers=self.headers
        ) as client:
            found = await client.request(method, path, **more)
            self.cookies = client.cookies
            return found

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """POST of a form."""
        return self.request("POST", path, data=fields)

    def token(self, path: str = "/login") -> str:
        """The token in the form at an address."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
        assert found, f"{path} has no form"
        return found[1]

    def log_in(self, name: str, password: str = PASSWORD, to: str = "/") -> httpx.Response:
        """Log in by the form."""
        fields = {"name": name, "password": password, "next": to, "form_token": self.token()}
        return self.post("/login", **fields)


@contextmanager
def served(small: Small, host: str = "127.0.0.1", **keys: Any) -> Iterator[tuple[FastAPI, Project]]:
    """The application of a project as `serve` makes it, and the project."""
    with small.open() as project:
        live = open_live(project)
        made = Keys(session_key="k" * 64, **keys)
        yield create_app(live, [with_api(live), with_access(live, made, host)]), project


def add_user(project: Project, name: str, *roles: Any) -> None:
    """A user with the usual password."""
    project.store.put_user(name, roles, hash_password(PASSWORD), project.now())
