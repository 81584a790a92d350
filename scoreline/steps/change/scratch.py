"""A place to measure definitions that are not in force: the stored data, and nothing touched.

What belongs here: a warehouse in memory with the streams that some definitions read. What
does not: which definitions (sides), and what the scores are (effects).

Most streams are as recorded: their tables are lent by the project's warehouse, read-only and
under the project's lock, or loaded from the stored files where a run has it. A stream whose
contract changed is read again, checked again and loaded as a run would do it, on a copy of
the control store and with files of its own, all below a temporary folder.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from scoreline.core.errors import LockedError, ScorelineError, WarehouseError
from scoreline.core.model import Plan, Stream
from scoreline.steps.gate import gate_stream
from scoreline.steps.ingest import read_again, to_read_again
from scoreline.steps.loading import load_stream, parts_due, stands, tokens
from scoreline.steps.ports import SourceFailure
from scoreline.steps.project import Paths, Project
from scoreline.store.store import ControlStore
from scoreline.warehouse.borrowing import Lender
from scoreline.warehouse.files import OverlaidFiles
from scoreline.warehouse.lock import holder, project_lock
from scoreline.warehouse.replaying import load_parts
from scoreline.warehouse.warehouse import Warehouse


class Scratch:
    """A project as some definitions would have it; use it as a context manager.

    Attributes:
        project: the project with those definitions. Its store is the real one, for reading
            only, until a stream has to be read again: then it is a copy.
        notes: what a person should know of how the data was found.
    """

    def __init__(self, project: Project, plan: Plan, *, reread: bool) -> None:
        """`reread` takes the contracts of `plan` to the stored bytes, as a run would."""
        self.project = replace(project, plan=plan, _reader=None)
        self.notes: list[str] = []
        self._reread, self._paths = reread, project.paths
        self._stack = ExitStack()
        self._warehouse: Warehouse | None = None
        self._lender: Lender | None = None
        self._asked_lender = False
        self._ready: set[str] = set()

    def __enter__(self) -> Scratch:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="scoreline-"))
        self._folder = Path(folder)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def settle(self, names: Collection[str]) -> None:
        """Bring streams to what the definitions' contracts make of what is stored of them."""
        if not self._reread:
            return
        streams = [self.project.plan.streams[n] for n in names if n in self.project.plan.streams]
        unsettled = [s for s in streams if self._is_unsettled(s)]
        if not unsettled:
            return
        self._copy_project()
        warehouse = self._opened()
        warehouse.prepare(unsettled)
        for stream in unsettled:
            self._settle(warehouse, stream)

    def warehouse(self, names: Collection[str]) -> Warehouse:
        """The warehouse, with these streams in it."""
        warehouse = self._opened()
        wanted = [s for n, s in self.project.plan.streams.items() if n in names]
        missing = [s for s in wanted if s.full_name not in self._ready]
        warehouse.prepare(missing)
        for stream in missing:
            self._fill(warehouse, stream)
            self._ready.add(stream.full_name)
        return warehouse

    def _is_unsettled(self, stream: Stream) -> bool:
        if not self.project.store.batches(stream.full_name):
            return False
        return bool(to_read_again(self.project, stream)) or not stands(self.project, stream)

    def _settle(self, warehouse: Warehouse, stream: Stream) -> None:
        """What a run does with the stored batches of a stream under a new contract."""
        again = len(to_read_again(self.project, stream))
        try:
            extractor = self.project.extractor(self.project.plan.sources[stream.source])
            read_again(self.project, extractor, stream)
            if again:
                words = "batch is" if again == 1 else "batches are"
                self.notes.append(
                    f"{stream.full_name}: {again} stored {words} read and checked again by the "
                    "new contract"
                )
        except (SourceFailure, ScorelineError) as error:
            self.notes.append(f"{stream.full_name} cannot be read by the new contract: {error}")
        try:
            gate_stream(self.project, stream)
            load_stream(self.project, warehouse, stream)
        except ScorelineError as error:
            self.notes.append(f"{stream.full_name} cannot be loaded: {error}")
        self._ready.add(stream.full_name)

    def _copy_project(self) -> None:
        """Go on with a copy of the control store and a place for files of one's own."""
        state = self._folder / "state"
        state.mkdir()
        copy = state / "control.db"
        self.project.store.copy_to(copy)
        store = ControlStore.open(f"sqlite:///{copy}")
        self._stack.callback(store.close)
        project = replace(
            self.project,
            paths=Paths(self.project.paths.root, state),
            store=store,
            files=OverlaidFiles(state / "files", self.project.files),
            _reader=None,
        )
        self._stack.callback(lambda: project.reader.close())
        self.project = project

    def _opened(self) -> Warehouse:
        if self._warehouse is None:
            zone = self.project.plan.organisation.timezone
            temp = self._folder / "spill"
            temp.mkdir()
            self._warehouse = self._stack.enter_context(Warehouse(None, zone, temp))
        return self._warehouse

    def _fill(self, warehouse: Warehouse, stream: Stream) -> None:
        wanted = tokens(self.project, stream)
        if not wanted:
            return
        lender = self._lending(warehouse)
        if lender is not None and lender.has(stream, wanted):
            lender.lend(stream)
            return
        self.project.listener.say(f"loading {stream.full_name} from the stored files")
        parts = parts_due(self.project, stream)
        load_parts(warehouse, stream, parts, self.project.files.proved, self._folder)

    def _lending(self, warehouse: Warehouse) -> Lender | None:
        """The project's warehouse, held for reading; None where it cannot be had now."""
        if self._asked_lender or not self._paths.warehouse.exists():
            return self._lender
        self._asked_lender = True
        tell = self.project.listener.say
        try:
            lock = project_lock(self._paths.lock, "plan", self.project.now(), wait=0)
            self._stack.enter_context(lock)
            self._lender = Lender(warehouse.connection, self._paths.warehouse)
            self._stack.callback(self._lender.close)
        except LockedError:
            tell(f"{holder(self._paths.lock)} has the warehouse: reading the stored files")
        except WarehouseError as error:
            tell(str(error))
        return self._lender
