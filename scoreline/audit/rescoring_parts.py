"""A history's records checked and its scores computed again in one reading, by many at once.

What belongs here: cutting the history, giving out its parts, putting the answers together
in the order of the ledger. What does not: checking a record (store), computing a score
again (rescoring).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field

from scoreline.audit.rescoring import EVERY, Rescorer, Rescoring
from scoreline.core.garbage import rarely_collected
from scoreline.store.rows import Finding
from scoreline.store.store import ControlStore

PART = 5_000
"""How many scores a process takes at a time: one step of what people see of the progress."""

ALONE = 20_000
"""Up to so many scores, starting other processes would cost more than they save."""

Part = tuple[int, int | None]
"""Begin behind this record, and end with that one (None: with the newest)."""


@dataclass(slots=True)
class Examined:
    """What one reading of the records found: damage, and scores that do not come out again."""

    findings: list[Finding] = field(default_factory=list)
    scores: Rescoring = field(default_factory=Rescoring)

    def add(self, later: Examined) -> None:
        """Take in what was found in the records that follow."""
        self.findings += later.findings
        self.scores.scores += later.scores.scores
        self.scores.expired += later.scores.expired
        self.scores.differences += later.scores.differences


Outcome = Callable[[Callable[[], None]], Examined]
"""Waits for the answer; its argument is called after every 500 scores."""


@contextmanager
def examined(store: ControlStore, part: int = PART, alone: int = ALONE) -> Iterator[Outcome]:
    """Begin to check every record and compute every score again; the caller may go on meanwhile.

    Args:
        store: whose records; other processes open its database themselves.
        part: how many scores are given out at a time.
        alone: up to so many scores are left to this process, once the answer is asked for;
            of more, as many others as there are processors take them.
    """
    parts = _parts(store, part)
    if len(parts) * part <= alone:
        yield lambda advance: _alone(store, parts, advance)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(os.cpu_count(), spawn, initializer=_begin, initargs=(store.url,))
    try:
        futures = [pool.submit(_examine, one) for one in parts]
        yield lambda advance: _together(futures, advance)
    finally:
        pool.shutdown(cancel_futures=True)


def _parts(store: ControlStore, scores: int) -> list[Part]:
    """The whole ledger in parts of so many scores; the last one has no end."""
    cuts = store.walk_parts(scores)
    return [*cuts[:-1], (cuts[-1][0] if cuts else 0, None)]


def _alone(store: ControlStore, parts: list[Part], advance: Callable[[], None]) -> Examined:
    done, reader = Examined(), _Reader(store)
    with rarely_collected():
        for one in parts:
            found = reader.examine(one)
            done.add(found)
            _step(found, advance)
    return done


def _together(futures: list[Future[Examined]], advance: Callable[[], None]) -> Examined:
    for future in as_completed(futures):
        _step(future.result(), advance)
    done = Examined()
    for future in futures:
        done.add(future.result())
    return done


def _step(found: Examined, advance: Callable[[], None]) -> None:
    for _ in range(found.scores.scores // EVERY):
        advance()


class _Reader:
    """Reads parts in the order of the ledger; what it knows of one serves those behind it."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store
        self._rescorer, self._read = Rescorer(), 0

    def examine(self, part: Part) -> Examined:
        after, upto = part
        if after < self._read:
            self._rescorer, self._read = Rescorer(), 0
        for record in self._store.known_by(after, self._read):
            self._rescorer.take(record)
        self._rescorer.done = done = Rescoring()
        findings = []
        for one in self._store.walk_checked(after, upto):
            if isinstance(one, Finding):
                findings.append(one)
            else:
                self._rescorer.take(one)
        self._read = upto or after
        return Examined(findings, done)


_readers: list[_Reader] = []
"""This process's one, where it was started to read."""


def _begin(url: str) -> None:
    _readers.append(_Reader(ControlStore.open(url, create=False, read_only=True)))


def _examine(part: Part) -> Examined:
    with rarely_collected():
        return _readers[0].examine(part)
