"""Texts made from templates that come with the package.

What belongs here: finding and filling them. What does not: what stands in them. HTML is
escaped; other texts are written as they are, with the filter `scalar` for values of YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from scoreline.workbench.draft_text import scalar


@cache
def environment() -> Environment:
    """The one environment; a name that a template lacks is an error."""
    made = Environment(
        loader=PackageLoader("scoreline.workbench", "templates"),
        autoescape=select_autoescape(("html", "html.jinja")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["scalar"] = scalar
    return made


def render(name: str, values: Mapping[str, Any]) -> str:
    """The template, filled."""
    return environment().get_template(name).render(values)


def read(name: str) -> str:
    """A file beside the templates, as it is."""
    folder = resources.files("scoreline.workbench").joinpath("templates")
    return folder.joinpath(*name.split("/")).read_text(encoding="utf-8")
