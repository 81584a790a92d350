"""Drafts of sources, as the command makes them."""

from __future__ import annotations

from pathlib import Path

from fakes import PassingValidator

from scoreline.core.model import Stream
from scoreline.definitions.project import load_project
from scoreline.steps.trying import Trial, try_stream
from scoreline.wiring import SourceReader, open_project, utc_now
from scoreline.wiring.locating import locate
from scoreline.workbench.drafting import Draft, draft_source

ORGANISATION = """\
organisation: Test
timezone: Europe/Berlin
cycles: {2026-H2: {start: 2026-07-01, end: 2026-12-31}}
teams: {learning: {}}
"""


def draft(root: Path, where: Path | str, table: str | None = None) -> Draft:
    """The draft of a source for a project in `root`."""
    place = locate(str(where), table, root)
    return draft_source(place, lambda s: SourceReader(s, root, utc_now), "Europe/Berlin")


def written(root: Path, made: Draft) -> Stream:
    """The stream of a project that holds the draft, without any problem."""
    sources = root / "okr_defs" / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    (root / "okr_defs" / "organisation.yaml").write_text(ORGANISATION, encoding="utf-8")
    (sources / f"{made.proposal.name}.yaml").write_text(made.text, encoding="utf-8")
    loading = load_project(root)
    assert loading.problems == ()
    assert loading.plan is not None
    return loading.plan.streams[f"{made.proposal.name}.{made.proposal.stream.name}"]


def tried(root: Path, stream: Stream) -> Trial:
    """What `sources test` finds."""
    project = open_project(root, validator=PassingValidator())
    try:
        source = project.plan.sources[stream.source]
        return try_stream(project, project.extractor(source), stream, 1)
    finally:
        project.close()
