"""What is plugged where: implementations chosen, secrets filled in, a project opened."""

from scoreline.wiring.opening import (
    STATE_FOLDER,
    control_store_url,
    named_store_url,
    open_project,
    recorded_facts,
    utc_now,
    with_sql_checked,
)
from scoreline.wiring.secret_values import resolve_secrets
from scoreline.wiring.sources import SourceExtract, SourceReader, check_options, make_importable

__all__ = [
    "STATE_FOLDER",
    "SourceExtract",
    "SourceReader",
    "check_options",
    "control_store_url",
    "make_importable",
    "named_store_url",
    "open_project",
    "recorded_facts",
    "resolve_secrets",
    "utc_now",
    "with_sql_checked",
]
