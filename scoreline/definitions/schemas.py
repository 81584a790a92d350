"""The JSON Schemas that editors complete and validate with.

What belongs here: generating them from the specs, and writing the committed copies
(`python -m scoreline.definitions.schemas`). What does not: checking a file with them;
the specs themselves do that.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from scoreline.definitions.specs_access import AccessSpec
from scoreline.definitions.specs_metrics import MetricsSpec
from scoreline.definitions.specs_notify import NotifySpec
from scoreline.definitions.specs_objectives import ObjectivesSpec
from scoreline.definitions.specs_organisation import OrganisationSpec
from scoreline.definitions.specs_sources import SourceSpec
from scoreline.definitions.specs_tests import TestsSpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS: dict[str, type[BaseModel]] = {
    "organisation": OrganisationSpec,
    "source": SourceSpec,
    "metrics": MetricsSpec,
    "objectives": ObjectivesSpec,
    "notify": NotifySpec,
    "access": AccessSpec,
    "tests": TestsSpec,
}


class _Generator(GenerateJsonSchema):
    """Leaves out defaults that JSON cannot say and titles that only repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if isinstance(default, str | bool):
            return {**inner, "default": default} if "$ref" not in inner else inner
        return inner

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    """One spec's JSON Schema (draft 2020-12)."""
    return kind.model_json_schema(by_alias=True, schema_generator=_Generator)


def json_schemas() -> dict[str, dict[str, Any]]:
    """The schema of each file kind: organisation, source, metrics, objectives, notify, access."""
    return {
        name: {"$schema": DIALECT, **schema_of(kind), "title": f"Scoreline: {name}"}
        for name, kind in KINDS.items()
    }


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as it is committed."""
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def committed(name: str) -> str:
    """The committed text of one schema.

    Raises:
        FileNotFoundError: for a name that is no file kind.
    """
    folder = resources.files("scoreline.definitions").joinpath("schemas")
    return folder.joinpath(f"{name}.json").read_text(encoding="utf-8")


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema into `folder`; returns the files written."""
    written = []
    for name, schema in json_schemas().items():
        path = folder / f"{name}.json"
        path.write_text(schema_text(schema), encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    write_schemas(Path(__file__).with_name("schemas"))
