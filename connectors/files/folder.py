"""The folder: which files match, and which of them are new.

What belongs here: listing, signatures, digests and the rule of what is new. What does not:
what is inside a file.

A file is unchanged if its signature (size, times, inode) equals the one recorded for its
name, and that one was recorded when the file had been at rest for two seconds: a file system's
clock is coarse, and a file can change twice within one tick. Otherwise its SHA-256 decides:
equal to the last one seen under this name, it is unchanged; a new name with contents that the
stream already received is a copy; anything else is new, also contents that a name had before.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from connectors.base import CopiedObject, Discovery, ObjectRef, SeenObject, State
from connectors.errors import PermanentError, TransientError

SETTLED_NS = 2_000_000_000
CHUNK = 1 << 20
FRESH = "~"


@dataclass(frozen=True, slots=True)
class Found:
    """A file that matches: its name under the root (with /), and where it is."""

    name: str
    path: Path
    size: int
    signature: str


def signature_of(status: os.stat_result, now: datetime) -> str:
    """Size, modification and change time (ns) and inode; marked where too fresh to trust."""
    newest = max(status.st_mtime_ns, status.st_ctime_ns)
    rested = int(now.timestamp() * 1_000_000_000) - newest >= SETTLED_NS
    text = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    return text if rested else FRESH + text


def same_signature(recorded: str, present: str) -> bool:
    """Whether the recorded signature proves that the file is the same."""
    return not recorded.startswith(FRESH) and recorded == present.removeprefix(FRESH)


def list_files(root: Path, pattern: str, now: datetime, *, shown: str) -> list[Found]:
    """The regular files that match, in the order of their names; `shown` is root as written.

    Names that begin with a dot match only a pattern that writes the dot.

    Raises:
        PermanentError: no such folder, it cannot be read, or a match leads out of it.
    """
    if not root.is_dir():
        raise PermanentError(
            "no such folder", where=shown, do="Create it, or correct the option root"
        )
    if not os.access(root, os.R_OK | os.X_OK):  # glob would pass over it in silence
        raise PermanentError(
            "the folder cannot be read", where=shown, do="Give this account the right to read it"
        )
    inside = root.resolve()
    found = []
    for path in root.glob(pattern):
        name = path.relative_to(root).as_posix()
        if _hidden(name, pattern):
            continue
        entry = _regular(path, name, inside, now)
        if entry is not None:
            found.append(entry)
    return sorted(found, key=lambda entry: entry.name)


def _hidden(name: str, pattern: str) -> bool:
    dotted = any(part.startswith(".") for part in PurePosixPath(pattern).parts)
    return not dotted and any(part.startswith(".") for part in name.split("/"))


def _regular(path: Path, name: str, inside: Path, now: datetime) -> Found | None:
    target = path.resolve()
    if not target.is_relative_to(inside):
        raise PermanentError(
            "a link leads out of the folder",
            where=name,
            do="Replace the link by the file, or make the other folder a source of its own",
        )
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise reading_failed(error, name) from error
    if not stat.S_ISREG(status.st_mode):
        return None
    return Found(name, target, status.st_size, signature_of(status, now))


def digest_of(path: Path, name: str) -> str:
    """SHA-256 of a file's bytes, in hex.

    Raises:
        TransientError: it vanished.
        PermanentError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise reading_failed(error, name) from error
    return digest.hexdigest()


def reading_failed(error: OSError, name: str) -> PermanentError | TransientError:
    """What an operating system's error on a file means to a person."""
    if isinstance(error, FileNotFoundError):
        return TransientError("vanished while it was being read", where=name, do="Run again")
    if isinstance(error, PermissionError):
        return PermanentError(
            "may not be read", where=name, do="Give this account the right to read it"
        )
    reason = error.strerror or str(error)
    return TransientError(f"cannot be read: {reason}", where=name, do="Check the disk, run again")


def what_is_new(files: list[Found], state: State) -> Discovery:
    """Applies the rule of the module's docstring; reads only what its signature does not settle.

    Raises:
        ConnectorError: a file cannot be read.
    """
    changed = [f for f in files if not _known(f, state)]
    sizes: dict[int, int] = {}
    for file in changed:
        sizes[file.size] = sizes.get(file.size, 0) + 1
    received = {seen.digest: seen.name for seen in state.objects.values()}
    pending: dict[str, str] = {}
    new: list[ObjectRef] = []
    touched: list[SeenObject] = []
    copies: list[CopiedObject] = []
    for file in changed:
        last = state.objects.get(file.name)
        needed = last is not None or bool(state.digests) or sizes[file.size] > 1
        digest = digest_of(file.path, file.name) if needed else None
        ref = ObjectRef(file.name, file.signature, file.size, digest)
        if last is not None and last.digest == digest:
            touched.append(SeenObject(file.name, last.digest, file.signature))
        elif last is None and digest is not None and digest in state.digests:
            copies.append(CopiedObject(ref, received.get(digest, "")))
        elif last is None and digest is not None and digest in pending:
            copies.append(CopiedObject(ref, pending[digest], pending=True))
        else:
            new.append(ref)
            if digest is not None:
                pending.setdefault(digest, file.name)
    return Discovery(tuple(new), tuple(touched), tuple(copies), len(files) - len(changed))


def _known(file: Found, state: State) -> bool:
    last = state.objects.get(file.name)
    return last is not None and same_signature(last.signature, file.signature)
