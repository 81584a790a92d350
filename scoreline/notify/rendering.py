"""What a message says: templates, the project's own before the built-in ones.

What belongs here: rendering, and escaping what people and data wrote for the channel. What
does not: which facts there are to tell (steps.news), sending.

A template is `<event>.txt.j2` or `<event>.md.j2`; the first line that it renders is the
message's title. Every value is escaped as it is written: no line break, no control or
direction character, no mention of a person or channel, and in Markdown no markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    FileSystemLoader,
    FunctionLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from scoreline.core.notices import EVENTS, Event, TextFormat
from scoreline.notify.ports import Link, TemplateFault

FOLDER = "okr_defs/messages"
SUFFIXES: Mapping[TextFormat, str] = {"text": ".txt.j2", "markdown": ".md.j2"}
VARIABLES: Mapping[str, frozenset[str]] = {
    "status": frozenset(("organisation", "as_of", "changes")),
    "source": frozenset(("organisation", "as_of", "streams", "link")),
    "reminder": frozenset(("organisation", "as_of", "due", "cadence")),
    "digest": frozenset(
        (
            "organisation", "as_of", "total", "since", "counts", "attention", "more_attention",
            "moved", "achieved", "due_soon", "silent", "link",
        )
    ),
}  # fmt: skip
"""What the templates of each event show; docs/messages.md describes the parts."""

LONGEST_VALUE, LONGEST_BODY = 500, 16_000
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)|(?<=<)(?=[!@#])")


class Renderer:
    """Renders messages with a project's templates.

    Args:
        root: the project's folder; None for the built-in templates alone.
    """

    def __init__(self, root: Path | None) -> None:
        self._folder = None if root is None else root / FOLDER

    def render(self, event: Event, kind: TextFormat, facts: Mapping[str, Any]) -> tuple[str, str]:
        """The title and body of a message.

        Raises:
            TemplateFault: the project's template is wrong.
        """
        name = event + SUFFIXES[kind]
        try:
            text = self._environment(kind).get_template(name).render(facts)
        except TemplateSyntaxError as error:
            place = f"{FOLDER}/{error.name or name}"
            raise TemplateFault(str(error.message), place, error.lineno) from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            line = _line_of(error, name)
            raise TemplateFault(str(error), f"{FOLDER}/{name}", line) from None
        title, _, body = text.strip().partition("\n")
        return title.strip(" #")[:250], _cut(body.strip()) or title

    def faults(self) -> list[TemplateFault]:
        """What is wrong with the project's own templates, as far as reading them shows."""
        folder = self._folder
        if folder is None or not folder.is_dir():
            return []
        found = []
        for path in sorted(p for p in folder.iterdir() if not p.name.startswith(".")):
            fault = self._fault(path)
            found += [fault] if fault is not None else []
        return found

    def _fault(self, path: Path) -> TemplateFault | None:
        place, event = f"{FOLDER}/{path.name}", path.name.split(".", 1)[0]
        if path.name not in legal_names():
            legal = ", ".join(legal_names())
            return TemplateFault(f"no message has this template; legal: {legal}", place)
        try:
            tree = self._environment("text").parse(path.read_text(encoding="utf-8"))
        except TemplateSyntaxError as error:
            return TemplateFault(str(error.message), place, error.lineno)
        except (OSError, UnicodeDecodeError) as error:
            return TemplateFault(f"the file cannot be read: {error}", place)
        unknown = sorted(find_undeclared_variables(tree) - VARIABLES[event])
        if unknown:
            legal = ", ".join(sorted(VARIABLES[event]))
            return TemplateFault(f"there is no {unknown[0]} here; legal: {legal}", place)
        return None

    def _environment(self, kind: TextFormat) -> ImmutableSandboxedEnvironment:
        loaders: list[BaseLoader] = [FunctionLoader(_built_in)]
        if self._folder is not None:
            loaders.insert(0, FileSystemLoader(self._folder))
        return ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(loaders),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            finalize=_markdown if kind == "markdown" else plain,
        )


def legal_names() -> list[str]:
    """The names that templates may have."""
    return [event + suffix for event in EVENTS for suffix in SUFFIXES.values()]


def plain(value: Any) -> Any:
    """A value as one line of text in which nothing is a control or a mention."""
    if isinstance(value, Link | int) or value is None:
        return "" if value is None else value
    text = _UNSEEN.sub(" ", str(value))
    text = text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
    return _MENTION.sub(lambda m: m[0] + "\u200b", text)


def _markdown(value: Any) -> Any:
    """A value as one line of Markdown in which nothing is markup."""
    if isinstance(value, Link | int):
        return value
    return _MARKUP.sub(r"\\\1", str(plain(value)))


def _cut(body: str) -> str:
    return body if len(body) <= LONGEST_BODY else body[:LONGEST_BODY] + "\n… (cut)"


def _built_in(name: str) -> str | None:
    found = resources.files("scoreline.notify").joinpath("templates", name)
    return found.read_text(encoding="utf-8") if found.is_file() else None


def _line_of(error: BaseException, name: str) -> int:
    """The template's line that an error came from, by its traceback; 0 if unknown."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
