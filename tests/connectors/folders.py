"""A folder with files and a connector on it: no test stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from connectors.base import ColumnSpec, Discovery, State, StreamSpec
from connectors.batch import Batch
from connectors.files import FilesConnector


@dataclass
class Folder:
    """A folder with files, a connector on it, and a clock that can be set forward."""

    base: Path
    work: Path
    ahead: timedelta = timedelta(hours=1)

    @property
    def root(self) -> Path:
        return self.base / "data"

    @property
    def connector(self) -> FilesConnector:
        return FilesConnector({"root": "data"}, base=self.base, clock=self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def discover(self, state: State | None = None, **options: Any) -> Discovery:
        spec = StreamSpec("s", {"glob": "*", **options})
        return self.connector.discover(spec, state or State())

    def open(
        self,
        name: str,
        columns: tuple[ColumnSpec, ...] = (),
        *,
        spec: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Batch:
        stream = StreamSpec("s", {"glob": name, **options}, columns, **(spec or {}))
        (ref,) = self.connector.discover(stream, State()).new
        return self.connector.extract(stream, ref, self.work)

    def read(self, content: bytes | str, *names: str, **options: Any) -> tuple[Batch, pa.Table]:
        """Writes a CSV file, reads it to its end."""
        self.put("x.csv", content)
        batch = self.open("x.csv", tuple(ColumnSpec(n) for n in names), **options)
        return batch, batch.reader().read_all()
