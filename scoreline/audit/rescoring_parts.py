"""A long history's scores computed again by several processes at once.

What belongs here: cutting the history, giving out its parts, putting the answers together
in the order of the ledger. What does not: computing a score again (rescoring).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from scoreline.audit.rescoring import EVERY, Rescoring, rescore
from scoreline.store.store import ControlStore

PART = 15_000
"""How many scores a process computes at a time: so many that what it has to read first
(definitions, the newest series of that time) counts for little."""

Outcome = Callable[[Callable[[], None]], Rescoring]
"""Waits for the answer; its argument is called after every 500 scores."""


@contextmanager
def rescored(store: ControlStore, part: int = PART) -> Iterator[Outcome]:
    """Begin to compute every score again; the caller may do something else meanwhile.

    A history of up to two parts is computed by this process once the answer is asked for,
    a longer one by as many others as there are processors.

    Args:
        store: whose scores; other processes open its database themselves.
        part: how many scores are given out at a time.
    """
    parts = store.walk_parts(part)
    if len(parts) <= 2:
        yield lambda advance: rescore(store.walk(), advance)
        return
    pool = ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"))
    try:
        futures = [pool.submit(_rescore_part, store.url, *one) for one in parts]
        yield lambda advance: _together(futures, advance)
    finally:
        pool.shutdown(cancel_futures=True)


def _rescore_part(url: str, after: int, upto: int) -> Rescoring:
    store = ControlStore.open(url, create=False, read_only=True)
    try:
        return rescore(store.walk(after, upto))
    finally:
        store.close()


def _together(futures: list[Future[Rescoring]], advance: Callable[[], None]) -> Rescoring:
    for future in as_completed(futures):
        for _ in range(future.result().scores // EVERY):
            advance()
    done = Rescoring()
    for future in futures:
        one = future.result()
        done.scores += one.scores
        done.expired += one.expired
        done.differences += one.differences
    return done
