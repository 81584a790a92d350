"""Running a command and measuring it with all of its child processes.

What belongs here: wall and processor time, and the peak of memory. What does not: what is
run. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    """What a command cost.

    Attributes:
        wall: seconds from its start to its end.
        cpu: seconds of user and system time, of its children too.
        peak: bytes: the highest sum of resident sets of the process and its descendants,
            looked at fifty times a second; pages that they share count for each.
        output: what it printed.
    """

    wall: float
    cpu: float
    peak: int
    output: str


def measure(command: Sequence[str], folder: Path) -> Measured:
    """Run a command in `folder` to its end.

    Raises:
        SystemExit: it failed; its error output was printed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    child = subprocess.Popen(
        command, cwd=folder, env=_environment(), stdout=subprocess.PIPE, text=True
    )
    watch = _Watch(child.pid)
    watch.start()
    output, _ = child.communicate()
    wall = time.perf_counter() - begun
    watch.end()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Measured(wall, cpu, watch.peak, output)


def _environment() -> dict[str, str]:
    """This process's, but modules are kept compiled, as an installation has them."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class _Watch(threading.Thread):
    """Looks at the memory of a process and its descendants until told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid, self._over = pid, threading.Event()

    def run(self) -> None:
        while not self._over.wait(_EVERY):
            self.peak = max(self.peak, sum(_resident(pid) for pid in _tree(self._pid)))

    def end(self) -> None:
        self._over.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def processor_seconds(pid: int) -> float:
    """User and system time of a running process so far, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
