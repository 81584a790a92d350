"""Small projects on disk, and running them in this process with a clock of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes import PassingValidator

from scoreline.steps.project import Project
from scoreline.steps.reports import RunReport
from scoreline.steps.run import run_all
from scoreline.steps.status import key_result_json, standing
from scoreline.wiring import open_project


@dataclass
class Clock:
    """A clock that stands still until it is set, and ticks a second at each look."""

    moment: datetime = datetime(2026, 11, 22, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The moment, a second later than the last time."""
        self.moment += timedelta(seconds=1)
        return self.moment


@dataclass
class Small:
    """A project in a folder: write files, run it, ask for its status."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    validator: Any = field(default_factory=PassingValidator)

    def write(self, name: str, text: str) -> Path:
        """Write a file below the project's folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def define(self, **files: str) -> None:
        """Write definitions; `organisation`, `sources__lms`, `objectives__2026_H2__learning`."""
        for name, text in files.items():
            self.write(
                f"okr_defs/{name.replace('__', '/').replace('2026_H2', '2026-H2')}.yaml", text
            )

    @contextmanager
    def open(self) -> Iterator[Project]:
        """The project, opened and closed."""
        project = open_project(self.root, validator=self.validator, clock=self.clock)
        try:
            yield project
        finally:
            project.store.close()

    def run(self, as_of: str | None = None) -> RunReport:
        """A whole run."""
        with self.open() as project:
            return run_all(project, date.fromisoformat(as_of) if as_of else None)

    def status(self, as_of: str | None = None) -> dict[str, dict[str, Any]]:
        """What `status --json` prints, by the last part of the key result's name."""
        with self.open() as project:
            found = standing(project, date.fromisoformat(as_of) if as_of else None)
            rows = [json.loads(json.dumps(key_result_json(k))) for k in found.key_results]
        return {row["id"].rsplit("/", 1)[1]: row for row in rows}

    def reasons(self, as_of: str | None = None) -> dict[str, str | None]:
        """The reason beside each status."""
        with self.open() as project:
            found = standing(project, date.fromisoformat(as_of) if as_of else None)
            return {k.id.rsplit("/", 1)[1]: k.score.reason for k in found.key_results}


ORGANISATION = """\
organisation: Test
timezone: Europe/Berlin
cycles:
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
evaluate: last_complete_day
teams:
  learning: {lead: maya@acme.example}
people: {}
"""
