"""One writer at a time: a lock file that the kernel frees when its holder dies.

What belongs here: taking the lock, saying who holds it, waiting. What does not: what
is done under it.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from scoreline.core.errors import LockedError

_PAUSE = 0.2


@contextmanager
def project_lock(
    path: Path,
    purpose: str,
    now: datetime,
    *,
    wait: float = 3600.0,
    tell: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the project's lock; while another process has it, wait up to `wait` seconds.

    `tell` gets one sentence that names the holder, once, when waiting begins.

    Raises:
        LockedError: the time is over; the text names the holder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _take(file.fileno(), path, wait, tell)
        file.seek(0)
        file.truncate()
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "what": purpose,
            "since": now.isoformat(timespec="seconds"),
        }
        file.write(json.dumps(holder))
        file.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether another process works on the project just now."""
    try:
        with path.open("r") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def holder(path: Path) -> str:
    """Who wrote the lock file last, in words."""
    try:
        found = json.loads(path.read_text())
        return (
            f"{found['what']} (process {found['pid']} on {found['host']}, since {found['since']})"
        )
    except (OSError, ValueError, KeyError):
        return "another process"


def _take(handle: int, path: Path, wait: float, tell: Callable[[str], None] | None) -> None:
    end, told = time.monotonic() + wait, False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= end:
                raise LockedError(
                    f"{holder(path)} still works on this project after {wait:.0f} s of "
                    "waiting; try again when it has ended"
                ) from None
            if tell and not told:
                tell(f"waiting for {holder(path)} to end")
                told = True
            time.sleep(_PAUSE)
        else:
            return
