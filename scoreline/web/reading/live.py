"""A project that is looked at again and again while others write to it.

What belongs here: keeping what was read until something changes, and following changes of
the definitions. What does not: what a page shows of it. Nothing here writes.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from threading import Condition, Lock, Thread
from typing import Any, TypeVar

from scoreline.core.errors import DefinitionError, ScorelineError
from scoreline.steps.planning import LoadedPlan
from scoreline.steps.project import Project
from scoreline.steps.recording import Definitions
from scoreline.steps.status import standing
from scoreline.store.rows import Pulse
from scoreline.web.reading.known import Known
from scoreline.web.reading.snapshot import Key, Snapshot, taken

PATIENCE = 0.3
"""For how many seconds a request waits for a newer snapshot before it takes the one at hand."""
LOOK_AGAIN = 1.0
"""How many seconds lie between two looks at the files of the definitions."""
RENEW = 300
"""After how many seconds a snapshot is made anew, for what changes by time alone."""
KEPT = 4
"""How many days' snapshots are kept."""
READ_BEFORE = 512
"""How many single pages' contents are kept."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The definitions as last read; `mark` tells whether the files changed since."""

    mark: Hashable
    project: Project
    known: Known
    error: str | None = None


@dataclass(slots=True)
class _Slot:
    """One day's snapshot and who is making the next."""

    found: Snapshot | None = None
    building: bool = False
    error: ScorelineError | None = None
    done: Condition = field(default_factory=Condition)


class Live:
    """One project for many requests, from any thread.

    Args:
        project: an open project; only its store is used, its warehouse never.
        load: reads the definitions.
        mark: something cheap that differs after a change of the definition files.
        settled: called when a new snapshot stands.
    """

    def __init__(
        self,
        project: Project,
        load: Callable[[], LoadedPlan],
        mark: Callable[[], Hashable],
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._load, self._mark, self._settled = load, mark, settled
        self._loaded = _Loaded(mark(), project, Known(project.plan))
        self._looked = time.monotonic()
        self._lock = Lock()
        self._slots: OrderedDict[date, _Slot] = OrderedDict()
        self._one_builds = Lock()
        self._read_before: OrderedDict[Hashable, Future[Any]] = OrderedDict()

    def project(self) -> Project:
        """The project with its definitions as they stand in the files now."""
        return self._current().project

    def known(self) -> Known:
        """What is looked up in that project's plan."""
        return self._current().known

    def definitions(self) -> Definitions:
        """The canonical definitions of that project's plan."""
        return self._current().known.definitions

    def definitions_error(self) -> str | None:
        """Why the definitions that stand in the files now cannot be used at all, if so."""
        return self._current().error

    @contextmanager
    def reading(self) -> Iterator[Project]:
        """The project with a store that stands still until the end of the block."""
        project = self.project()
        with project.store.at_once() as store:
            yield replace(project, store=store)

    def snapshot(self, as_of: date | None = None) -> Snapshot:
        """Where everything stands on a day: all of one moment.

        A snapshot that something newer has overtaken is made anew. Where that takes long,
        the one at hand is given with `behind` set, and the new one to those who ask later.

        Raises:
            ScorelineError: there is none yet and none can be made.
        """
        day = as_of or self.project().default_day()
        slot = self._slot(day)
        key = self._key()
        with slot.done:
            found = slot.found
            if found is not None and found.key == key:
                return found
            if not slot.building:
                slot.building, slot.error = True, None
                Thread(target=self._make, args=(slot, day), daemon=True).start()
            wait = PATIENCE if found is not None else None
            slot.done.wait_for(lambda: not slot.building, timeout=wait)
            if slot.found is None:
                raise slot.error or DefinitionError("the page could not read the project")
            return slot.found if slot.found.key[:2] == key[:2] else slot.found.overtaken()

    def key(self) -> Hashable:
        """Differs as soon as anything that a page shows may differ."""
        return self._key()

    def kept(self, key: Hashable, read: Callable[[], T]) -> T:
        """What was read before under a key that holds `key()`, else what is read now.

        Where several ask at the same time, one reads and the others wait for it.
        """
        with self._lock:
            found: Future[T] | None = self._read_before.get(key)
            mine = found is None
            if found is None:
                found = self._read_before[key] = Future()
            self._read_before.move_to_end(key)
            while len(self._read_before) > READ_BEFORE:
                self._read_before.popitem(last=False)
        if mine:
            try:
                found.set_result(read())
            except BaseException as error:
                with self._lock:
                    self._read_before.pop(key, None)
                found.set_exception(error)
        return found.result()

    def _make(self, slot: _Slot, day: date) -> None:
        found, error = None, None
        try:
            with self._one_builds:
                found = self._taken(day)
        except ScorelineError as failure:
            error = failure
        except Exception as failure:  # shown by the page; the next request tries again
            error = ScorelineError(f"the page could not be made: {type(failure).__name__}")
            raise
        finally:
            with slot.done:
                slot.building, slot.error = False, error
                slot.found = found or slot.found
                slot.done.notify_all()
        self._settled()

    def _taken(self, day: date) -> Snapshot:
        loaded = self._current()
        with loaded.project.store.at_once() as store:
            project = replace(loaded.project, store=store)
            pulse = store.pulse()
            found = standing(project, day, loaded.known.definitions)
            return taken(project, found, self._key_of(loaded, pulse), loaded.error)

    def _slot(self, day: date) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(day, _Slot())
            self._slots.move_to_end(day)
            while len(self._slots) > KEPT:
                self._slots.popitem(last=False)
            return slot

    def _key(self) -> Key:
        loaded = self._current()
        return self._key_of(loaded, loaded.project.store.pulse())

    def _key_of(self, loaded: _Loaded, pulse: Pulse) -> Key:
        return (pulse, loaded.mark, _bucket(loaded.project.now()))

    def _current(self) -> _Loaded:
        """The definitions, read again where their files changed."""
        with self._lock:
            if time.monotonic() - self._looked < LOOK_AGAIN:
                return self._loaded
            mark = self._mark()
            if mark != self._loaded.mark:
                self._loaded = self._read_again(mark)
            self._looked = time.monotonic()
            return self._loaded

    def _read_again(self, mark: Hashable) -> _Loaded:
        before = self._loaded
        try:
            loaded = self._load()
        except DefinitionError as error:
            return replace(before, mark=mark, error=str(error))
        project = replace(
            before.project,
            plan=loaded.plan,
            problems=loaded.problems,
            definition_files=loaded.files,
            waiting=loaded.waiting,
        )
        return _Loaded(mark, project, Known(loaded.plan))


def _bucket(now: datetime) -> int:
    return int(now.timestamp()) // RENEW
