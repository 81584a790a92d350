"""The schemas of a project complete its names, and accept every file that the product accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scoreline.definitions.project import definition_paths, load_project
from scoreline.workbench.editor import (
    PATTERNS,
    editor_files,
    project_schemas,
    refresh_schemas,
    write_schemas,
)

ROOT = Path(__file__).resolve().parents[2]


class _Texts(yaml.CSafeLoader):
    """Days stay text, as an editor sees them."""


_Texts.yaml_implicit_resolvers = {
    key: [(tag, rx) for tag, rx in found if tag != "tag:yaml.org,2002:timestamp"]
    for key, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """The example's schemas."""
    return project_schemas(load_project(ROOT).plan)


FILES = [(k, p) for k, p in definition_paths(ROOT) if k in PATTERNS]


@pytest.mark.parametrize(("kind", "path"), FILES, ids=[p.stem for _, p in FILES])
def test_the_example_is_valid(kind: str, path: Path, schemas: dict[str, Any]) -> None:
    """Each file of the example meets the schema of its kind."""
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Texts)  # noqa: S506
    jsonschema.Draft202012Validator(schemas[kind]).validate(data)


def _metric(**more: Any) -> dict[str, Any]:
    return {"metrics": {"m": {"title": "T", "from": "crm.opportunities", **more}}}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("metrics", _metric(**{"from": "crm.oportunities"})),
        ("metrics", _metric(measure={"sum": "deal_stage"})),
        ("metrics", _metric(measure={"count_distinct": "nothing"})),
        ("metrics", _metric(time="account")),
        ("metrics", _metric(dimensions=["teem"])),
        ("objectives", {"cycle": "2026-H2", "team": "slaes", "objectives": {}}),
        ("objectives", {"cycle": "2026-H2", "team": "sales", "objectives": {
            "o": {"title": "T", "key_results": {"k": {"title": "K", "metric": "won_revenu"}}}}}),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_is_marked(
    kind: str, data: dict[str, Any], schemas: dict[str, Any]
) -> None:
    """A stream, column, team or metric that the project lacks is invalid in the editor."""
    assert not jsonschema.Draft202012Validator(schemas[kind]).is_valid(data)


def test_names_are_offered_with_their_meaning(schemas: dict[str, Any]) -> None:
    """The editor offers every metric, with its title and unit beside the name."""
    metric = schemas["objectives"]["$defs"]["KeyResultSpec"]["properties"]["metric"]
    plan = load_project(ROOT).plan
    assert plan is not None
    assert metric["enum"] == list(plan.metrics)
    assert "Active staff (count)" in metric["enumDescriptions"]


def test_settings_point_to_files_that_are_written(tmp_path: Path) -> None:
    """The editor's settings name the schemas that `schema` writes, once each."""
    (tmp_path / "okr_defs").mkdir()
    for path in (ROOT / "okr_defs").rglob("*.yaml"):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    refresh_schemas(tmp_path)
    assert not (tmp_path / ".scoreline").exists()
    written = write_schemas(tmp_path)
    named = json.loads(editor_files()[".vscode/settings.json"])["yaml.schemas"]
    assert {tmp_path / name for name in named} <= set(written)
    assert write_schemas(tmp_path) == []


def test_without_a_plan_the_language_is_there(tmp_path: Path) -> None:
    """A project whose organisation file is broken still has schemas."""
    assert set(project_schemas(None)) >= set(PATTERNS)
