"""The words of a plan: what text and Markdown say alike.

What belongs here: differences, effects and counts as plain text. What does not: layout.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from scoreline.core.figures import number, percent
from scoreline.core.scoring import Score
from scoreline.steps.change.differences import ObjectChange, in_words
from scoreline.steps.change.effects import Stand
from scoreline.steps.change.proposal import Effect, Proposal

MARKS: Mapping[str, str] = {"added": "+", "changed": "~", "removed": "-", "left out": "!"}


def thing(name: str) -> str:
    """An object's name with its kind: `key result 2026-H2/…`."""
    return name.replace("key_result ", "key result ", 1)


def changes_of(changed: ObjectChange) -> list[str]:
    """What changed of an object; SQL is shown as a diff of its own (`sql_diff`)."""
    if changed.action != "changed":
        return []
    return [in_words(c) for c in changed.differences if c.path != "sql"]


def sql_diff(changed: ObjectChange) -> list[str]:
    """The lines of the SQL before and after that differ, with two lines around them."""
    if changed.sql_before is None or changed.sql_after is None:
        return []
    before, after = changed.sql_before.splitlines(), changed.sql_after.splitlines()
    return list(difflib.unified_diff(before, after, n=2, lineterm=""))[2:]


def value_of(stand: Stand | None) -> str:
    """The value people see."""
    return "–" if stand is None else number(_shown(stand, "value"))


def progress_of(stand: Stand | None) -> str:
    """The progress in percent."""
    return "–" if stand is None else percent(stand.score.progress)


def status_of(stand: Stand | None) -> str:
    """The status; `none` where there is no such key result."""
    return "none" if stand is None else stand.score.status


def _shown(stand: Stand, key: str) -> str | None:
    found: str | None = stand.body["shown"][key]
    return found


def arrow(before: str, after: str) -> str:
    """`72 → 80`; one of them where they are the same."""
    return before if before == after else f"{before} → {after}"


def reason_of(effect: Effect) -> str | None:
    """Why the key result has no value, or is held, after the change."""
    score: Score | None = effect.after.score if effect.after else None
    if score is None or (effect.before and effect.before.score.reason == score.reason):
        return None
    return score.reason


def goalposts(proposal: Proposal) -> list[tuple[str, list[str]]]:
    """What was moved, by whom, and the key results whose goalposts that moves.

    One changed metric moves those of many; they are named together.
    """
    groups: dict[str, list[str]] = {}
    for effect in proposal.moved_goalposts:
        words = "; ".join(in_words(c) for c in effect.goalposts)
        words = f"{words} (by {effect.author})" if effect.author else words
        groups.setdefault(words, []).append(effect.id)
    return list(groups.items())


def some(names: list[str], most: int = 8) -> str:
    """The names, or the first of them and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def summary(proposal: Proposal) -> str:
    """One sentence: how much is added, changed, removed, and how many key results move."""
    count = {
        action: sum(o.action == action for o in proposal.objects)
        for action in ("added", "changed", "removed", "left out")
    }
    parts = [f"{n} {action}" for action, n in count.items() if n]
    moving, moved = len(proposal.moving), len(proposal.moved_goalposts)
    words = f"{', '.join(parts)}; {plural(moving, 'key result')} {verb(moving, 'move')}"
    if moved:
        words += f"; the goalposts of {moved} move in the middle of a cycle"
    return words


def unread(proposal: Proposal) -> list[str]:
    """The streams of which nothing is stored yet, and what that means."""
    return [
        f"{stream}: nothing of it is stored yet, so what it brings is not in this plan; "
        f"`scoreline run` reads it ({plural(len(ids), 'key result')} without a value until then)"
        for stream, ids in proposal.unread.items()
    ]


def plural(number_: int, word: str) -> str:
    """`1 key result`, `2 key results`."""
    return f"{number_:,} {word}{'' if number_ == 1 else 's'}"


def verb(number_: int, word: str) -> str:
    """`1 moves`, `2 move`: the verb alone."""
    return f"{word}s" if number_ == 1 else word
