"""Mistakes that can be mended without a doubt, at the very characters that are wrong.

What belongs here: which problem has one safe correction, and trying it. What does not:
mistakes whose correction changes what is scored (names of metrics, columns, values), and the
layout of a file (layout). Everything else in the file stays as it is, to the byte.
"""

from __future__ import annotations

import difflib
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scoreline.core.durable import write_whole
from scoreline.core.errors import Problem
from scoreline.definitions.project import FOLDER, load_project
from scoreline.definitions.words import TYPE_ALIASES

_ROUNDS = 6
_ALIKE = 0.75
_CLEARLY = 0.08
_MEANT = re.compile(r"did you mean (.+)\?")
_WRITE = re.compile(r"write ([^ ]+)(?: for .*)?")
_DECIMAL = re.compile(r"decimal\(\s*\d+\s*,\s*\d+\s*\)")
_OTHER_DAY = re.compile(r"(\d{1,2})([./])(\d{1,2})[./](\d{4})")
_SHORT_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Edit:
    """`old` becomes `new` in a line (from 1) of a file, at a column (from 1)."""

    file: str
    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mended:
    """What a file was and is."""

    file: str
    before: str
    after: str
    edits: int

    def diff(self) -> list[str]:
        """The unified difference, line by line."""
        lines = difflib.unified_diff(
            self.before.splitlines(),
            self.after.splitlines(),
            self.file,
            self.file,
            lineterm="",
            n=1,
        )
        return list(lines)


def mend(root: Path) -> list[Mended]:
    """Mend what is safe in `okr_defs` and write the files; returns those that changed.

    A correction is kept only where it takes its problem away and brings no other.
    """
    with tempfile.TemporaryDirectory(prefix="scoreline-mend-") as folder:
        copy = Path(folder)
        shutil.copytree(root / FOLDER, copy / FOLDER)
        kept: dict[str, int] = defaultdict(int)
        for _ in range(_ROUNDS):
            accepted = _round(copy)
            for file, count in accepted.items():
                kept[file] += count
            if not accepted:
                break
        found = [
            Mended(file, _text(root / file), _text(copy / file), count)
            for file, count in kept.items()
        ]
    for one in found:
        write_whole(root / one.file, one.after)
    return found


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def _round(root: Path) -> dict[str, int]:
    """Try every correction once; the number that was kept, by file."""
    problems = load_project(root).problems
    by_file: dict[str, dict[Edit, Problem]] = defaultdict(dict)
    for problem in problems:
        edit = correction(problem, root)
        if edit is not None:
            by_file[edit.file].setdefault(edit, problem)
    kept = {}
    for file, edits in by_file.items():
        count = _try(root, file, edits)
        if count:
            kept[file] = count
    return kept


def _try(root: Path, file: str, edits: Mapping[Edit, Problem]) -> int:
    """Make a file's edits, all or else one by one; how many stay."""
    path = root / file
    original, before = path.read_bytes(), load_project(root).problems
    path.write_bytes(_edited(original, list(edits)))
    if _is_better(before, load_project(root).problems, list(edits.values())):
        return len(edits)
    kept: list[Edit] = []
    for edit, problem in edits.items() if len(edits) > 1 else ():
        path.write_bytes(_edited(original, [*kept, edit]))
        after = load_project(root).problems
        if _is_better(before, after, [problem]):
            kept.append(edit)
            before = after
    path.write_bytes(_edited(original, kept))
    return len(kept)


def _is_better(
    before: Sequence[Problem], after: Sequence[Problem], mended: Sequence[Problem]
) -> bool:
    """Whether the problems are gone, and new ones only where a key could not be read before."""

    def name(problem: Problem) -> tuple[str, str, str]:
        return problem.code, problem.place.file, problem.found

    left = Counter(name(p) for p in after)
    gone = Counter(name(p) for p in before) - left
    if any(gone[key] < count for key, count in Counter(name(p) for p in mended).items()):
        return False
    unlocked = any(p.code == "unknown-key" for p in mended)
    brings_others = any(p.code == "duplicate-key" for p in _new(before, after))
    return (unlocked and not brings_others) or len(after) <= len(before)


def _new(before: Sequence[Problem], after: Sequence[Problem]) -> list[Problem]:
    known = {(p.code, p.place.file, p.found) for p in before}
    return [p for p in after if (p.code, p.place.file, p.found) not in known]


def _edited(raw: bytes, edits: Sequence[Edit]) -> bytes:
    """The file with its edits made, the last first, so that the places stay right."""
    mark = "\ufeff" if raw.startswith(b"\xef\xbb\xbf") else ""
    lines = raw.decode("utf-8-sig").splitlines(keepends=True)
    for edit in sorted(edits, key=lambda e: (e.line, e.column), reverse=True):
        line, at = lines[edit.line - 1], edit.column - 1
        lines[edit.line - 1] = line[:at] + edit.new + line[at + len(edit.old) :]
    return (mark + "".join(lines)).encode()


def correction(problem: Problem, root: Path) -> Edit | None:
    """The one safe correction of a problem; None where there is none, or more than one."""
    rule = _RULES.get(problem.code)
    if rule is None or not problem.place.line:
        return None
    try:
        lines = _text(root / problem.place.file).removeprefix("\ufeff").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    rest = lines[problem.place.line - 1][problem.place.column - 1 :]
    old, new = _written(rest, problem), rule(problem)
    if old is None or new is None or old == new:
        return None
    return Edit(problem.place.file, problem.place.line, problem.place.column, old, new)


def _written(rest: str, problem: Problem) -> str | None:
    """The characters that stand at the problem's place, quotes included."""
    if problem.code == "quote-it" and (match := _DECIMAL.match(rest)):
        return match[0]
    for quote in ('"', "'"):
        quoted = f"{quote}{problem.found}{quote}"
        if rest.startswith(quoted):
            return quoted
    return problem.found if problem.found and rest.startswith(problem.found) else None


def _meant(problem: Problem) -> str | None:
    """The word that is clearly meant: like what was found, and no other is nearly as like."""
    match = _MEANT.fullmatch(problem.hint)
    if match is None or "more" in problem.legal.rsplit(" and ", 1)[-1]:
        return _alike(problem, match[1], ()) if match else None
    return _alike(problem, match[1], [w.strip() for w in problem.legal.split(",")])


def _alike(problem: Problem, meant: str, legal: Sequence[str]) -> str | None:
    def likeness(word: str) -> float:
        return difflib.SequenceMatcher(None, problem.found.lower(), word.lower()).ratio()

    best = likeness(meant)
    next_best = max((likeness(word) for word in legal if word != meant), default=0.0)
    return meant if best >= _ALIKE and best - next_best >= _CLEARLY else None


def _type(problem: Problem) -> str | None:
    alias = TYPE_ALIASES.get(problem.found.lower())
    if alias is not None:
        return None if alias.startswith("decimal") else alias
    return _meant(problem)


def _unit(problem: Problem) -> str | None:
    return "percent" if problem.found == "%" else _meant(problem)


def _word(problem: Problem) -> str | None:
    match = _WRITE.fullmatch(problem.hint)
    return match[1] if match else None


def _quoted(problem: Problem) -> str:
    return f'"{problem.found}"'


def _day(problem: Problem) -> str | None:
    """A day written in another order, where there is only one way to read it."""
    short = _SHORT_DAY.fullmatch(problem.found)
    if short:
        return _iso(int(short[1]), int(short[2]), int(short[3]))
    other = _OTHER_DAY.fullmatch(problem.found)
    if other is None:
        return None
    first, second, year = int(other[1]), int(other[3]), int(other[4])
    if other[2] == "." or first > 12:
        return _iso(year, second, first)
    return _iso(year, first, second) if second > 12 else None


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


_RULES: dict[str, Callable[[Problem], str | None]] = {
    "unknown-key": _meant,
    "not-one-of": _meant,
    "bad-unit": _unit,
    "bad-window": _meant,
    "unknown-timezone": _meant,
    "bad-type": _type,
    "not-a-number": _word,
    "out-of-range": _word,
    "not-boolean": _word,
    "bad-duration": _word,
    "bad-date": _day,
    "quote-it": _quoted,
}
