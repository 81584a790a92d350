"""Projects that are backed up and restored, and what they say of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flow_builders import Small

from scoreline.audit.verifying import verify
from scoreline.steps.backing_up import BackupReport, Order, take_backup
from scoreline.steps.ports import Silence
from scoreline.steps.project import Paths
from scoreline.steps.restoring import RestoreOrder, RestoreReport, restore_backup
from scoreline.wiring import control_store_url, named_store_url

DAY = "2026-11-20"
TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Kept(Small):
    """A project with backups."""

    @property
    def paths(self) -> Paths:
        """Where it keeps what it writes."""
        return Paths(self.root, self.root / ".scoreline")

    def back_up(self, target: Path, *, check: bool = False) -> BackupReport:
        """Take a backup."""
        url = control_store_url(self.paths.state)
        order = Order(self.paths, url, target, self.clock(), "0.1.0", check)
        return take_backup(order, Silence())

    def restore(self, source: Path, *, replace: bool = False) -> RestoreReport:
        """Restore a backup into this project."""
        self.clock.moment += timedelta(minutes=1)
        order = RestoreOrder(source, self.paths, named_store_url(), self.clock(), replace)
        return restore_backup(order, Silence())

    def findings(self) -> list[tuple[str, str]]:
        """What `verify` finds."""
        with self.open() as project:
            found = verify(project.store, project.files, lambda _: None, lambda: None)
        return found.findings

    def said(self) -> dict[str, Any]:
        """Statuses, every block and record, batches and rows aside: all that a reader sees."""
        with self.open() as project:
            store = project.store
            blocks = store.blocks()
            records = [[r.digest for r in store.records(b.height)] for b in blocks]
            rest = [store.batches(), store.quarantines(), store.values(), store.baselines()]
        return {"status": self.status(DAY), "blocks": blocks, "records": records, "rest": rest}

    def stored(self) -> list[Path]:
        """Every stored file."""
        return sorted(p for p in self.paths.files.rglob("*") if p.is_file())


def flip(path: Path, at: int | None = None) -> None:
    """Change one bit of a file, in its middle unless told where."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    paths = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}
