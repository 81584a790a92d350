"""Carrying forward: a draft of definitions for what a closed cycle left unfinished.

What belongs here: from the old cycle's files to drafts, comments and order kept. What does
not: putting a draft in force; a person reads it, edits it and moves it into `okr_defs/`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarfloat import ScalarFloat

from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError
from scoreline.core.exact import parse_exact, shown
from scoreline.core.records import CycleEvent
from scoreline.definitions.project import FOLDER

DRAFTS = "drafts"
_FINISHED = ("achieved", "withdrawn")
_OF_A_CYCLE = ("start", "due", "moved_from")
_HEAD = """\
# Draft, made from what {cycle} left unfinished when it was closed. Nothing reads this file.
# Look at every baseline, target and date, then move it to {target}
# ({next} must be among the cycles of organisation.yaml).
"""


def write_drafts(root: Path, event: CycleEvent, following: str) -> list[Path]:
    """Write a draft for each team that has unfinished key results; returns the files.

    Args:
        root: the project's folder.
        event: the closing.
        following: the name of the next cycle.

    Raises:
        UsageError: the names are the same, or a draft is there already.
    """
    if following == event.cycle:
        raise UsageError(f"{following} is the cycle that was closed: name the next one")
    source, written = root / FOLDER / "objectives" / event.cycle, []
    for path in sorted(source.glob("*.yaml")):
        text = _draft(path, event, following)
        if text is not None:
            written.append((root / DRAFTS / following / path.name, text))
    there = [target for target, _ in written if target.exists()]
    if there:
        raise UsageError(f"{there[0]} is there already: move it away, then carry forward again")
    for target, text in written:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, text)
    return [target for target, _ in written]


def _draft(path: Path, event: CycleEvent, following: str) -> str | None:
    """A team's file with what is unfinished; None where all is done."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    body: Any = yaml.load(path.read_text(encoding="utf-8"))
    team, objectives = str(body["team"]), body["objectives"]
    for name in list(objectives):
        key_results = objectives[name].get("key_results") or {}
        for key in list(key_results):
            frozen = event.key_results.get(f"{event.cycle}/{team}/{name}/{key}")
            if frozen is None or frozen["frozen"]["status"] in _FINISHED:
                del key_results[key]
            else:
                _renew(key_results, key, frozen["frozen"], event.cycle)
        if not key_results:
            del objectives[name]
    if not objectives:
        return None
    body["cycle"] = following
    out = io.StringIO()
    yaml.dump(body, out)
    target = f"{FOLDER}/objectives/{following}/{path.name}"
    return _HEAD.format(cycle=event.cycle, target=target, next=following) + out.getvalue()


def _renew(key_results: Any, key: str, frozen: Mapping[str, Any], cycle: str) -> None:
    """Take out what belongs to the old cycle, and start from where it ended."""
    entry = key_results[key]
    for word in _OF_A_CYCLE:
        entry.pop(word, None)
    if "waypoints" in (entry.get("expected") or {}):
        del entry["expected"]
    said = f"{cycle} closed {frozen['status']}"
    if frozen["score"] is not None:
        said += f" with score {shown(parse_exact(frozen['score']), 2)}"
    if "baseline" in entry and frozen["value"] is not None:
        said += f"; its baseline was {frozen['baseline']}"
        entry["baseline"] = _number(parse_exact(frozen["value"]))
    key_results.yaml_set_comment_before_after_key(key, before=said, indent=6)


def _number(value: Fraction) -> Any:
    """A value as a YAML number, with six decimals at most."""
    text = (shown(value) or "0").rstrip("0").rstrip(".")
    if "." not in text:
        return int(text)
    return ScalarFloat(text, width=len(text), prec=text.index("."))
