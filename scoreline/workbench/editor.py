"""What an editor needs to complete and check the definitions of one project.

What belongs here: the project's own JSON Schemas (the language's, with the names that the
project has put in) and the settings that point an editor there. What does not: the language's
schemas themselves (definitions).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from scoreline.core.durable import write_whole
from scoreline.core.model import Plan
from scoreline.definitions.project import FOLDER, file_patterns, load_project
from scoreline.definitions.schemas import KINDS, json_schemas, schema_text

SCHEMAS = ".scoreline/schema"
PATTERNS = {kind: at for kind, at in file_patterns().items() if kind in KINDS}
"""Where the files of each kind that has a schema stand."""
Schema = dict[str, Any]


def editor_files() -> dict[str, str]:
    """Settings of VS Code: the schemas by pattern, and the extension that reads them."""
    settings = {
        "yaml.schemas": {f"./{SCHEMAS}/{kind}.json": at for kind, at in PATTERNS.items()},
        "yaml.format.enable": False,
        "files.associations": {f"{FOLDER}/models/*.sql": "sql"},
        "files.exclude": {".scoreline": True},
    }
    extensions = {"recommendations": ["redhat.vscode-yaml"]}
    return {
        ".vscode/settings.json": json.dumps(settings, indent=2) + "\n",
        ".vscode/extensions.json": json.dumps(extensions, indent=2) + "\n",
    }


def write_schemas(root: Path) -> list[Path]:
    """Write the project's schemas below `.scoreline/schema`; returns those that changed."""
    folder = root / SCHEMAS
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for kind, schema in project_schemas(load_project(root).plan).items():
        path, text = folder / f"{kind}.json", schema_text(schema)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text)
            changed.append(path)
    return changed


def refresh_schemas(root: Path) -> None:
    """Bring the schemas up to date, where an editor uses them already and they can be written."""
    if (root / SCHEMAS).is_dir():
        with suppress(OSError):
            write_schemas(root)


def project_schemas(plan: Plan | None) -> dict[str, Schema]:
    """The schema of each file kind, with the project's names where there is a plan."""
    schemas = copy.deepcopy(json_schemas())
    if plan is None:
        return schemas
    _name_people(schemas, plan)
    _in_source(schemas["source"], plan)
    _in_metrics(schemas["metrics"], plan)
    _in_objectives(schemas["objectives"], plan)
    _in_tests(schemas["tests"], plan)
    return schemas


def _among(names: Mapping[str, str]) -> Schema:
    """One of the project's names, each with its title for the editor to show."""
    return {"enum": list(names), "enumDescriptions": list(names.values())}


def _properties(schema: Schema, spec: str) -> Schema:
    found: Schema = schema["$defs"][spec]["properties"]
    return found


def _name_people(schemas: Mapping[str, Schema], plan: Plan) -> None:
    """People are suggested, and others are allowed."""
    known = [
        *plan.organisation.people,
        *(t.lead for t in plan.organisation.teams.values() if t.lead),
    ]
    people = list(dict.fromkeys(known))
    if not people:
        return
    owner = {"type": ["string"], "examples": people}
    _properties(schemas["metrics"], "MetricSpec")["owner"] = owner
    _properties(schemas["objectives"], "KeyResultSpec")["owner"] = owner
    _properties(schemas["objectives"], "ObjectiveSpec")["owner"] = owner
    schemas["source"]["properties"]["owner"] = owner
    _properties(schemas["organisation"], "TeamSpec")["lead"] = owner


def _relations(plan: Plan) -> dict[str, str]:
    streams = {name: stream.description or "a stream" for name, stream in plan.streams.items()}
    return {**streams, **dict.fromkeys(plan.models, "a model")}


def _in_source(schema: Schema, plan: Plan) -> None:
    """In the file of a source, the columns of each of its streams where they are named."""
    streams = schema["properties"]["streams"]
    names = {s.name: [c.name for c in s.columns] for s in plan.streams.values()}
    known = {
        name: {
            "allOf": [
                {"$ref": "#/$defs/StreamSpec"},
                {"properties": _column_words(columns)},
            ]
        }
        for name, columns in names.items()
    }
    streams["properties"] = known


def _column_words(columns: list[str]) -> Schema:
    one: Schema = {"examples": columns}
    some = {"anyOf": [{"examples": columns}, {"items": {"examples": columns}}]}
    return {"key": some, "version_by": one, "event_time": one, "cursor": one}


def _in_metrics(schema: Schema, plan: Plan) -> None:
    spec = schema["$defs"]["MetricSpec"]
    spec["properties"]["from"] = _among(_relations(plan))
    spec["allOf"] = [
        {
            "if": {"properties": {"from": {"const": name}}, "required": ["from"]},
            "then": {"properties": _measured(stream.columns)},
        }
        for name, stream in plan.streams.items()
    ]


def _measured(columns: Iterable[Any]) -> Schema:
    """The words of a metric whose values are columns of the stream that it reads."""
    usable = [c for c in columns if c.personal != "drop"]
    names = [c.name for c in usable]
    numbers = [c.name for c in usable if c.type.kind in ("integer", "decimal")]
    times = [c.name for c in usable if c.type.kind in ("date", "timestamp")]
    aggregate = {
        "properties": {
            "count": {"enum": ["rows", *names]},
            "count_distinct": {"enum": names},
            **{word: {"enum": numbers} for word in ("sum", "min", "max", "average")},
        }
    }
    inner = {"properties": {"numerator": aggregate, "denominator": aggregate}}
    return {
        "measure": {"properties": {**aggregate["properties"], "ratio": inner}},
        "time": {"enum": times},
        "dimensions": {"items": {"enum": names}},
    }


def _metric_names(plan: Plan) -> Schema:
    return _among({name: f"{m.title} ({m.unit})" for name, m in plan.metrics.items()})


def _in_tests(schema: Schema, plan: Plan) -> None:
    words = _properties(schema, "MetricTestSpec")
    words["metric"] = _metric_names(plan)
    words["rows"]["properties"] = {
        name: {"items": {"properties": {c.name: True for c in stream.columns}}}
        for name, stream in plan.streams.items()
    }


def _in_objectives(schema: Schema, plan: Plan) -> None:
    for spec in ("KeyResultSpec", "DoneWhenSpec"):
        _properties(schema, spec)["metric"] = _metric_names(plan)
    dimensions = {d for m in plan.metrics.values() for d in m.dimensions}
    key_result = schema["$defs"]["KeyResultSpec"]
    key_result["properties"]["filter"]["properties"] = dict.fromkeys(sorted(dimensions), True)
    organisation = plan.organisation
    teams = {name: team.title or "" for name, team in organisation.teams.items()}
    schema["properties"]["team"] = _among(teams)
    schema["properties"]["cycle"] = _among(dict.fromkeys(organisation.cycles, ""))
    supports = [
        *plan.objectives,
        *(f"{o.team}/{o.id.rsplit('/', 1)[-1]}" for o in plan.objectives.values()),
    ]
    _properties(schema, "ObjectiveSpec")["supports"] = {"type": "string", "examples": supports}
