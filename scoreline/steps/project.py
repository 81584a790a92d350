"""A project that is open: its definitions, stores, clock and ways to the outside.

What belongs here: what every step needs, and where a project's files lie. What does not:
how any of it is made (wiring).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scoreline.core.errors import Problem
from scoreline.core.model import KeyResult, Plan
from scoreline.core.scoring import Rules
from scoreline.definitions.project import DefinitionFile
from scoreline.notify.ports import NotifierFactory
from scoreline.quality.model import Validator
from scoreline.steps.ports import Clock, ExtractorFactory, Keyring, LineageSink, Listener, Silence
from scoreline.store.store import ControlStore
from scoreline.warehouse.files import FileStore
from scoreline.warehouse.lock import project_lock

if TYPE_CHECKING:
    from scoreline.steps.signing import Signer
    from scoreline.warehouse.typing import RowReader
    from scoreline.warehouse.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a project keeps what it writes."""

    root: Path
    state: Path

    @property
    def files(self) -> Path:
        """Content-addressed files."""
        return self.state / "files"

    @property
    def keys(self) -> Path:
        """The project's own keys, readable by its owner only."""
        return self.state / "keys"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.state / "warehouse.duckdb"

    @property
    def lock(self) -> Path:
        """The lock file."""
        return self.state / "lock"

    @property
    def temp(self) -> Path:
        """Where DuckDB spills to."""
        return self.state / "tmp"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A key result whose goalposts were changed in the files and are not approved yet.

    `approver` is who must agree (None: nobody is named), `changes` the differences in
    words, `former` the definition that counts until then.
    """

    key_result: str
    approver: str | None
    changes: tuple[str, ...]
    former: KeyResult

    def __str__(self) -> str:
        who = self.approver or "somebody (it has no owner and its team no lead)"
        return f"{self.key_result}: {'; '.join(self.changes)}: waits for the approval of {who}"


@dataclass(slots=True)
class Project:
    """An open project.

    `plan` holds what is right in the definitions and counts, `problems` what is not right
    (errors and the lint's warnings), `definition_files` every file and whether it is in
    order. `waiting` are key results that keep their recorded definition until the one in
    the files is approved. `version` is the release that runs.
    `signing_secret` gives the private key that the
    definitions refer to, `checkpoint_place` is where checkpoints are copied to,
    `lineage_sink` makes what takes the lineage of each run. `troubles`
    are what went wrong beside the work itself, which is recorded: exit status 3. `failed`
    are metrics that are known not to be computable, with words (see clocks). `keep_from` is
    the least number of rows of a stream whose groups are kept between runs.
    """

    paths: Paths
    plan: Plan
    problems: tuple[Problem, ...]
    definition_files: tuple[DefinitionFile, ...]
    store: ControlStore
    files: FileStore
    validator: Validator
    extractor: ExtractorFactory
    clock: Clock
    version: str
    keyring: Keyring
    listener: Listener = field(default_factory=Silence)
    waiting: tuple[Waiting, ...] = ()
    notifier: NotifierFactory | None = None
    signing_secret: Callable[[], str] | None = None
    checkpoint_place: str | None = None
    lineage_sink: Callable[[], LineageSink] | None = None
    troubles: list[str] = field(default_factory=list)
    failed: Mapping[str, str] = field(default_factory=dict)
    keep_from: int = 100_000
    _reader: RowReader | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's time zone."""
        return ZoneInfo(self.plan.organisation.timezone)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are errors."""
        return tuple(p for p in self.problems if p.severity == "error")

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.clock().astimezone(UTC)

    def default_day(self) -> date:
        """The day that is scored where none is given, as `evaluate` says."""
        evaluate = self.plan.organisation.evaluate
        if isinstance(evaluate, date):
            return evaluate
        today = self.now().astimezone(self.zone).date()
        return today if evaluate == "today" else today - timedelta(days=1)

    def rules(self) -> Rules:
        """What the organisation fixes for every score."""
        organisation = self.plan.organisation
        return Rules(
            thresholds=organisation.thresholds,
            holidays=organisation.holidays,
            fiscal_year_starts=organisation.fiscal_year_starts,
        )

    @property
    def reader(self) -> RowReader:
        """What types received rows; made when first needed."""
        from scoreline.warehouse.typing import RowReader  # brings in DuckDB

        if self._reader is None:
            self._reader = RowReader(self.plan.organisation.timezone, self.paths.temp)
        return self._reader

    @contextmanager
    def working(self, purpose: str, wait: float = 3600.0) -> Iterator[None]:
        """Hold the project's lock; says whom it waits for. At the end the ledger is signed."""
        say = self.listener.say
        with project_lock(self.paths.lock, purpose, self.now(), wait=wait, tell=say):
            try:
                yield
            finally:
                self._sign()

    @property
    def signer(self) -> Signer:
        """What signs the ledger."""
        from scoreline.steps.signing import Signer  # brings in cryptography

        return Signer(
            self.store, self.paths.keys, self.now, self.signing_secret, self.checkpoint_place
        )

    def _sign(self) -> None:
        """Sign and copy the newest block, where that is due."""
        newest = self.store.newest_block()
        if newest is None or (newest.signature and (newest.copied_to or not self.checkpoint_place)):
            return
        words = self.signer.sign_newest()
        if words is not None:
            self.trouble(words)

    def trouble(self, words: str) -> None:
        """Note something that went wrong beside the work, and say it loudly."""
        self.troubles.append(words)
        self.listener.warn(words)

    @contextmanager
    def warehouse(self, path: Path | None = None) -> Iterator[Warehouse]:
        """The warehouse, or one in another file, open; only while `working`."""
        from scoreline.warehouse.warehouse import Warehouse  # brings in DuckDB

        self.paths.temp.mkdir(parents=True, exist_ok=True)
        zone = self.plan.organisation.timezone
        keep = None if path else self.keep_from
        place = path or self.paths.warehouse
        with Warehouse(place, zone, self.paths.temp, keep_from=keep) as warehouse:
            yield warehouse
            warehouse.checkpoint_if_large()

    def close(self) -> None:
        """End the validator's process and close everything that is open."""
        if self._reader is not None:
            self._reader.close()
        self.validator.close()
        self.store.close()
