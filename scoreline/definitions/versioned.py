"""What git knows of the definitions: the commit they stand at, who changed a line, older states.

What belongs here: asking the `git` program, and nothing else of its kind. What does not:
reading definitions (project). Without git, or outside a repository, there is no answer and no
error: everything else works the same.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.definitions.project import FOLDER

_PATIENCE = 30
"""Seconds that one question to git may take."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its full hash, who wrote it and when (UTC), the first line of its message."""

    hash: str
    author: str
    email: str
    at: datetime
    subject: str

    def __str__(self) -> str:
        return f"{self.author} <{self.email}> in {self.hash[:9]} of {self.at:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Head:
    """The commit that a project's folder stands at, and whether its definitions differ from it."""

    commit: str
    dirty: bool


def head(root: Path) -> Head | None:
    """Where the project's folder stands; None without git or outside a repository."""
    commit = _asked(root, "rev-parse", "--verify", "-q", "HEAD")
    if commit is None:
        return None
    changed = _asked(root, "status", "--porcelain", "--", FOLDER)
    return Head(commit.decode().strip(), bool(changed and changed.strip()))


def blame(root: Path, file: str) -> list[Commit | None]:
    """The commit that wrote each line of a file, in their order; None: not committed yet.

    Args:
        root: the project's folder.
        file: relative to it.

    Returns:
        Nothing where git knows nothing of the file.
    """
    text = _asked(root, "blame", "--line-porcelain", "--", file)
    found = _commits(text.decode("utf-8", "replace")) if text else []
    return [None if set(commit.hash) == {"0"} else commit for commit in found]


def _commits(blamed: str) -> list[Commit]:
    """The commits of `git blame --line-porcelain`, one for each line of the file."""
    found, facts = [], {"hash": ""}
    for line in blamed.splitlines():
        if line.startswith("\t"):
            at = datetime.fromtimestamp(int(facts.get("author-time", "0")), UTC)
            email = facts.get("author-mail", "").strip("<>")
            subject = facts.get("summary", "")
            found.append(Commit(facts["hash"], facts.get("author", ""), email, at, subject))
            facts = {"hash": ""}
            continue
        key, _, value = line.partition(" ")
        if not facts["hash"]:
            facts["hash"] = key
        else:
            facts[key] = value
    return found


def is_ref(root: Path, ref: str) -> bool:
    """Whether a text names a commit of the project's repository."""
    return _resolved(root, ref) is not None


def check_out(root: Path, ref: str, into: Path) -> str:
    """Write the definitions as they were at a commit below `into`; nothing else is touched.

    Returns:
        The full hash of the commit.

    Raises:
        UsageError: there is no such commit, or no definitions in it.
    """
    commit = _resolved(root, ref)
    if commit is None:
        raise UsageError(f"git knows no commit {ref!r} in {root}")
    packed = _asked(root, "archive", "--format=tar", commit, "--", FOLDER)
    if packed is None:
        raise UsageError(f"{ref} ({commit[:9]}) has no {FOLDER}/ where {root} is")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="data")
    return commit


def _resolved(root: Path, ref: str) -> str | None:
    name = f"{ref}^{{commit}}"
    found = _asked(root, "rev-parse", "--verify", "-q", "--end-of-options", name)
    return found.decode().strip().splitlines()[-1] if found and found.strip() else None


def _asked(root: Path, *question: str) -> bytes | None:
    """What git answers; None where it cannot, or does not know."""
    program = shutil.which("git")
    if program is None:
        return None
    settings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603  arguments are never read by a shell
            [program, "-C", str(root), *question],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=settings,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
