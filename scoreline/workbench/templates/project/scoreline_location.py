"""The code location of this project, for Dagster: nothing to edit."""

from pathlib import Path

from pipelines.definitions import build_definitions

defs = build_definitions(Path(__file__).resolve().parent)
