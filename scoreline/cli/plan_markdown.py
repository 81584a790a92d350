"""A plan in Markdown, for a pull request.

What belongs here: laying a plan out in GitHub's Markdown, with everything that comes from
definitions escaped. What does not: its words (plan_words).
"""

from __future__ import annotations

import re

from scoreline.cli import plan_words as words
from scoreline.steps.change.proposal import Effect, Proposal

_MOST = 100
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def plan_markdown(proposal: Proposal) -> str:
    """The whole plan, ending with a line break."""
    lines = [f"### Scores: {_text(words.summary(proposal))}" if proposal.objects else ""]
    lines = [line for line in lines if line] or ["### Scores: nothing changes"]
    lines.append("")
    lines.append(f"Against {_text(proposal.against)}, as of {proposal.as_of}.")
    errors = [p for p in proposal.problems if p.severity == "error"]
    lines += [f"- :x: `{_code(str(p.place))}` {_text(p.message)}" for p in errors]
    lines += _goalposts(proposal) + _effects(proposal) + _notes(proposal) + _objects(proposal)
    return "\n".join(lines) + "\n"


def _goalposts(proposal: Proposal) -> list[str]:
    found = words.goalposts(proposal)
    if not found:
        return []
    head = ["", "**Goalposts that move in the middle of a cycle**", ""]
    return head + [f"- `{_code(words.some(ids))}`: {_text(moved)}" for moved, ids in found]


def _effects(proposal: Proposal) -> list[str]:
    moving = proposal.moving
    if not moving:
        return []
    lines = ["", "| key result | value | progress | status |", "|---|--:|--:|---|"]
    lines += [_row(e) for e in moving[:_MOST]]
    if len(moving) > _MOST:
        lines += ["", f"… and {len(moving) - _MOST:,} more."]
    return lines


def _row(effect: Effect) -> str:
    before, after = effect.before, effect.after
    was, now = words.status_of(before), words.status_of(after)
    cells = [
        f"`{_code(effect.id)}`<br>{_text(effect.title)}",
        _text(words.arrow(words.value_of(before), words.value_of(after))),
        _text(words.arrow(words.progress_of(before), words.progress_of(after))),
        words.arrow(was, now).replace("_", " "),
    ]
    return "| " + " | ".join(cells) + " |"


def _notes(proposal: Proposal) -> list[str]:
    notes = [*proposal.notes, *words.unread(proposal)]
    notes += [f"{name} cannot be computed: {why}" for name, why in proposal.errors.items()]
    notes += [str(w) for w in proposal.waiting]
    return ["", *(f"- {_text(note)}" for note in notes)] if notes else []


def _objects(proposal: Proposal) -> list[str]:
    lines: list[str] = []
    for changed in proposal.objects:
        diff = [f"{words.MARKS[changed.action]} {words.thing(changed.name)}"]
        diff += [f"    {line}" for line in words.changes_of(changed)]
        diff += words.sql_diff(changed)
        lines += [_code(line) for line in diff]
    if not lines:
        return []
    fence = "```"
    summary = "<details><summary>What differs</summary>"
    return ["", summary, "", f"{fence}diff", *lines, fence, "", "</details>"]


def _text(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """A text inside a code span or block: no back quotes, one line."""
    return text.replace("`", "'").replace("\n", " ").replace("|", "¦")
