"""The standard layout of definition files; what they say and every comment stay as they are.

What belongs here: indentation, spaces, blank lines, and keys in their order (key_order). What
does not: mending mistakes (mending). A file that would read differently afterwards, or lose a
comment, is left alone with an error.

ruamel.yaml writes the file anew; blocks are then moved as whole lines with the comments above
them, because ruamel.yaml holds a comment with the value before it.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from scoreline.core.errors import Problem, ScorelineError
from scoreline.definitions.documents import Document
from scoreline.definitions.project import definition_paths
from scoreline.definitions.yamlio import read_document
from scoreline.workbench import key_order

_WIDE = 1 << 20
_ROUNDS = 5
_COMMENT = re.compile(r"\s*#")


@dataclass(frozen=True, slots=True)
class Arranged:
    """A file as it is and as it should be; `problem` says why it is left alone."""

    file: str
    before: str
    after: str
    problem: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether the layout is not the standard one."""
        return not self.problem and self.before != self.after


def arrange_project(root: Path) -> list[Arranged]:
    """Every YAML file of the definitions, in the order of their names; nothing is written."""
    found = []
    for kind, path in definition_paths(root):
        if path.suffix != ".yaml":
            continue
        name = path.relative_to(root).as_posix()
        raw = path.read_bytes()
        before = raw.decode("utf-8", errors="replace")
        document = read_document(raw, name)
        faults = [problem for _, problem in document.faults]
        if not document.readable or faults:
            found.append(Arranged(name, before, before, _why(faults)))
            continue
        try:
            found.append(Arranged(name, before, arranged(before, kind, name)))
        except ScorelineError as error:
            found.append(Arranged(name, before, before, str(error)))
    return found


def _why(faults: list[Problem]) -> str:
    return f"mend it first: {faults[0].place}: {faults[0].message}" if faults else "it is not YAML"


def arranged(text: str, kind: str, name: str) -> str:
    """The text in the standard layout.

    Args:
        text: a file that reads without a fault.
        kind: organisation, source, metrics or objectives.
        name: the file's, for the error.

    Raises:
        ScorelineError: it would read differently, or lose a comment.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not plain.strip():
        return text
    try:
        result = _settled(plain, kind)
    except YAMLError as error:
        raise ScorelineError(f"{name} cannot be arranged: {error}") from error
    if _data(result) != _data(plain) or _comments(result) != _comments(plain):
        raise ScorelineError(f"{name} cannot be arranged without changing it: left as it is")
    return result


def _settled(text: str, kind: str) -> str:
    """The layout that arranging again leaves as it is: a comment may find its place late."""
    for _ in range(_ROUNDS):
        result = _without_blanks(_in_order(_rewritten(text, kind), kind))
        if result == text:
            break
        text = result
    return text


def _rewritten(text: str, kind: str) -> str:
    """The text in its standard indentation and spacing.

    Lines that say nothing (comments, blanks) are taken out for it and put back above the line
    that they stood above, because ruamel.yaml may lose one after a mapping in braces. Where
    lines do not correspond (texts of several lines) they stay in.
    """
    lines = text.rstrip("\n").split("\n")
    content = [n for n, line in enumerate(lines) if line.strip() and not _COMMENT.match(line)]
    bare = "\n".join(lines[n] for n in content) + "\n"
    if _data(bare) == _data(text):
        written = _written_anew(bare, kind).rstrip("\n").split("\n")
        if len(written) == len(content):
            return _put_back(lines, content, written)
    return _comments_beside(text, _written_anew(text, kind))


def _put_back(lines: list[str], content: list[int], written: list[str]) -> str:
    """The rewritten lines with everything between them, indented like what it goes with."""
    made: list[str] = []
    ends = [*content, len(lines)]
    for place, end in enumerate(ends):
        start = ends[place - 1] + 1 if place else 0
        for number in range(start, end):
            line = lines[number].strip()
            near = place if _goes_with_next(lines, number) else place - 1
            indent = _indent(written[near]) if line and 0 <= near < len(written) else 0
            made.append(" " * indent + line)
        made += written[place : place + 1]
    return "\n".join(made) + "\n"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _data(text: str) -> Any:
    return read_document(text.encode(), "").data


def _comments(text: str) -> Counter[str]:
    return Counter(m[0].strip() for m in re.finditer(r"(?:^|(?<=\s))#.*$", text, re.MULTILINE))


def _written_anew(text: str, kind: str) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    loaded = yaml.load(text)
    _order_braces(loaded, kind, ())
    out = io.StringIO()
    yaml.dump(loaded, out)
    return out.getvalue()


def _order_braces(node: Any, kind: str, path: key_order.Path) -> None:
    """Mappings in braces, which hold no comments, get their keys in order."""
    if isinstance(node, CommentedMap):
        for key, value in node.items():
            _order_braces(value, kind, (*path, str(key)))
        wanted = key_order.ordered(kind, path, [str(key) for key in node])
        if node.fa.flow_style() and not node.ca.items and wanted != [str(key) for key in node]:
            by_name = {str(key): (key, node[key]) for key in node}
            for name in wanted:
                key, value = by_name[name]
                del node[key]
                node[key] = value
    elif isinstance(node, CommentedSeq):
        for place, value in enumerate(node):
            _order_braces(value, kind, (*path, place))


def _comments_beside(before: str, after: str) -> str:
    """Comments that fill a line, indented like the line that they stood with.

    ruamel.yaml leaves them in their old column; they are the same ones in the same order.
    """
    old, lines = before.split("\n"), after.split("\n")
    follows = [_goes_with_next(old, n) for n, line in enumerate(old) if _COMMENT.match(line)]
    places = [n for n, line in enumerate(lines) if _COMMENT.match(line)]
    if len(follows) != len(places):
        return after
    for place, with_next in reversed(list(zip(places, follows, strict=True))):
        near = _content(lines, place, 1 if with_next else -1)
        lines[place] = " " * (near or 0) + lines[place].strip()
    return "\n".join(lines)


def _goes_with_next(lines: list[str], place: int) -> bool:
    """Whether a comment is indented like what follows rather than like what comes before."""
    here = _indent(lines[place])
    before, after = _content(lines, place, -1), _content(lines, place, 1)
    if after is None or before is None:
        return after is not None
    return abs(after - here) <= abs(before - here)


def _content(lines: list[str], place: int, step: int) -> int | None:
    """The indentation of the nearest line with content in one direction."""
    place += step
    while 0 <= place < len(lines):
        line = lines[place]
        if line.strip() and not _COMMENT.match(line):
            return _indent(line)
        place += step
    return None


def _in_order(text: str, kind: str) -> str:
    """The blocks of every mapping in the order of their keys, each with the comments above it."""
    document = read_document(text.encode(), "")
    lines = text.rstrip("\n").split("\n")
    moved = _Blocks(document, lines, kind).arranged((), 0, len(lines))
    return "\n".join(moved) + "\n"


class _Blocks:
    """The lines of one file, cut at the keys of its block mappings."""

    def __init__(self, document: Document, lines: list[str], kind: str) -> None:
        self._document, self._lines, self._kind = document, lines, kind

    def arranged(self, path: key_order.Path, start: int, end: int) -> list[str]:
        """The lines from `start` to before `end`, which hold the value at a path."""
        children = self._children(path, start)
        if not children:
            return self._lines[start:end]
        starts = [line - self._above(line, start) for _, line in children]
        if not path:  # what stands above the first key is about the file
            starts[0] = children[0][1]
        ends = [*starts[1:], end]
        blocks = {
            name: self._block((*path, name), first, line, last)
            for (name, line), first, last in zip(children, starts, ends, strict=True)
        }
        if any(isinstance(name, int) for name in blocks):
            order: list[Any] = list(blocks)
        else:
            order = list(key_order.ordered(self._kind, path, [str(name) for name in blocks]))
        lines = self._lines[start : starts[0]]
        for name in order:
            lines += blocks[name]
        return lines

    def _block(self, path: key_order.Path, first: int, line: int, last: int) -> list[str]:
        inner = self._children(path, line + 1)
        if not inner:
            return self._lines[first:last]
        below = inner[0][1] - self._above(inner[0][1], line + 1)
        return [*self._lines[first:below], *self.arranged(path, below, last)]

    def _children(self, path: key_order.Path, start: int) -> list[tuple[str | int, int]]:
        """The entries at a path that each begin a line of their own, with that line (from 0)."""
        value: Any = self._document.data
        for part in path:
            value = value[part]
        names = list(value) if isinstance(value, dict) else []
        if isinstance(value, list):
            names = list(range(len(value)))
        found = []
        for name in names:
            mark = self._document.marks[(*path, name)]
            line = (mark.key or mark.value)[0] - 1
            found.append((name, line))
        lines = [line for _, line in found]
        own = len(set(lines)) == len(lines) and all(line >= start for line in lines)
        return found if own else []

    def _above(self, line: int, floor: int) -> int:
        """How many lines directly above are comments."""
        count = 0
        while line - count - 1 >= floor and _COMMENT.match(self._lines[line - count - 1]):
            count += 1
        return count


def _without_blanks(text: str) -> str:
    """No blanks at line ends, no two blank lines on end, none at either end of the file."""
    lines = [line.rstrip() for line in text.split("\n")]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip("\n") + "\n"
