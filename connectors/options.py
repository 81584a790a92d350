"""Options of a connector: checked against a pydantic model, refused with the nearest name.

What belongs here: turning the mapping from a definition into a model, and pydantic's
complaints into `OptionError`. What does not: which options exist (each kind's own models).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from connectors.errors import OptionError


class Options(BaseModel):
    """Base of every options model: frozen, and unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


OptionsT = TypeVar("OptionsT", bound=Options)


def nearest(name: str, legal: list[str]) -> str:
    """The legal names, headed by the one that was probably meant."""
    close = get_close_matches(name, legal, n=1, cutoff=0.6)
    listed = ", ".join(sorted(legal)) or "none"
    return f"{close[0]}? (one of: {listed})" if close else listed


def parse_options(model: type[OptionsT], given: Mapping[str, Any]) -> OptionsT:
    """Checks `given` against the model.

    Raises:
        OptionError: the first thing that is wrong; `option_errors` gives all of them.
    """
    errors = option_errors(model, given)
    if errors:
        raise errors[0]
    return model.model_validate(dict(given))


def option_errors(model: type[Options], given: Mapping[str, Any]) -> list[OptionError]:
    """Everything that is wrong with `given`, in the model's order; empty where it is legal.

    An option's value is not repeated in the text: it may hold a secret.
    """
    try:
        model.model_validate(dict(given))
    except ValidationError as error:
        return [_translate(model, e) for e in error.errors(include_url=False)]
    return []


def _translate(model: type[Options], error: ErrorDetails) -> OptionError:
    name = ".".join(str(part) for part in error["loc"]) or "(all)"
    legal = list(model.model_fields)
    if error["type"] == "extra_forbidden":
        return OptionError(name, "is not known here", found=name, legal=nearest(name, legal))
    if error["type"] == "missing":
        described = model.model_fields[name].description if name in legal else None
        return OptionError(name, "is missing", legal=described or "")
    what = error["msg"].removeprefix("Value error, ")
    described = model.model_fields[name].description if name in legal else None
    return OptionError(name, what[:1].lower() + what[1:], legal=described or "")
