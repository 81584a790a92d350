"""The control store: one object with everything that people and other processes read.

What belongs here: opening a store, and the one class that joins its parts. What does not:
any statement (each part has its module).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scoreline.store import backup, dialect, migrating
from scoreline.store.closing import ClosingBook
from scoreline.store.commit import CommitBook
from scoreline.store.gate import GateBook
from scoreline.store.landing import LandingBook
from scoreline.store.ledger import LedgerBook
from scoreline.store.loading import LoadingBook
from scoreline.store.outbox import OutboxBook
from scoreline.store.people import PeopleBook
from scoreline.store.pulse import PulseBook
from scoreline.store.removals import RemovalBook
from scoreline.store.rows import Finding
from scoreline.store.runs import RunBook
from scoreline.store.scores import ScoreBook
from scoreline.store.signing import SigningBook
from scoreline.store.values import ValueBook
from scoreline.store.verifying import attempted, verify
from scoreline.store.verifying_records import checked
from scoreline.store.versions import VersionBook
from scoreline.store.visitors import VisitorBook
from scoreline.store.walking import WalkBook, Walked


class ControlStore(
    RunBook,
    LandingBook,
    GateBook,
    LoadingBook,
    ValueBook,
    ScoreBook,
    PeopleBook,
    OutboxBook,
    VisitorBook,
    ClosingBook,
    CommitBook,
    RemovalBook,
    LedgerBook,
    VersionBook,
    WalkBook,
    PulseBook,
    SigningBook,
):
    """A project's manifests, states, values, scores, check-ins and ledger.

    Every method is one transaction: all of it is there afterwards, or nothing. Writers
    wait for each other, readers for nobody. A write repeated changes nothing.

    Every method may raise StoreError (the database refuses) or LockedError (another
    process kept writing).
    """

    @classmethod
    def open(cls, url: str, *, create: bool = True, read_only: bool = False) -> ControlStore:
        """Open a store, bringing an older one to the schema of this release.

        Args:
            url: `sqlite:///PATH`, or another database that SQLAlchemy knows.
            create: make the store if there is none, and migrate an older one.
            read_only: refuse every write; implies not creating.

        Raises:
            StoreError: there is none, it is newer than this release, damaged, or no
                control store at all.
        """
        engine = dialect.engine_for(url, create=create, read_only=read_only)
        try:
            migrating.bring_up(engine, migrate=create and not read_only)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, url=url, read_only=read_only)

    def copy_to(self, target: Path) -> None:
        """Copy the store as it is at one moment into a new SQLite file.

        Raises:
            StoreError: it is damaged.
        """
        backup.snapshot(self.url, target)

    def verify_ledger(self, *, records: bool = True) -> list[Finding]:
        """Everything in the store that is not as it was written; empty if all is well.

        Every record's bytes against its digest, every block against its records and the
        block before, every row against the records that made it, and every guarded row
        against its own digest. Reads the whole store in one snapshot.

        Args:
            records: look at each record; False where `walk_checked` does so.
        """
        with self._read() as connection:
            return verify(connection, records=records)

    def walk_checked(self, after: int = 0, upto: int | None = None) -> Iterator[Walked | Finding]:
        """The walk through a range of records, each of which is checked on the way.

        Args:
            after: begin behind this record (0: with the first).
            upto: end with this record (None: with the newest).

        Yields:
            What is wrong with any record and its row, and the records that scores rest on;
            of those before the range there are none.
        """
        with self._read() as connection:
            yield from attempted("ledger_records", checked(connection, after, upto))
