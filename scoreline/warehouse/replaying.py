"""Streams loaded again from their stored files, aside: the project's warehouse is not touched.

What belongs here: a warehouse in memory that holds streams as they were at some time. What
does not: which batches a stream had when (store), questions to the tables.

It works while a run holds the project's own DuckDB file, and for any past version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from scoreline.core.contracts import joining_digest
from scoreline.core.model import Model, Stream
from scoreline.core.records import Part, StoredFile
from scoreline.warehouse.files import FileStore
from scoreline.warehouse.rows_behind import make_traceable
from scoreline.warehouse.warehouse import Warehouse


class Replay:
    """A warehouse in memory; each stream in it holds the parts that were last asked for."""

    def __init__(self, files: FileStore, timezone: str) -> None:
        """Makes the database; DuckDB may spill into a folder that goes away with it."""
        self._files = files
        self._folder = TemporaryDirectory(prefix="scoreline-")
        self.warehouse = Warehouse(None, timezone, Path(self._folder.name))
        self._contracts: dict[str, str] = {}
        self.instead: dict[str, Path] = {}
        """Other files to read in place of stored ones, by the stored file's digest."""

    def close(self) -> None:
        """Forget everything."""
        self.warehouse.close()
        self._folder.cleanup()

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, stream: Stream, parts: Sequence[Part]) -> None:
        """Make a stream consist of these parts; what is there already is not loaded again.

        Args:
            stream: its declaration as it was then.
            parts: in the order of loading.

        Raises:
            WarehouseError: a stored file is missing, damaged, or cannot be loaded.
        """
        name, contract = stream.full_name, joining_digest(stream)
        wanted = [_token(part) for part in parts]
        have = self.warehouse.loaded(name) if self._contracts.get(name) == contract else None
        if have is None or have != wanted[: len(have)]:
            self.warehouse.reset(stream)
            self._contracts[name] = contract
            have = []
        load_parts(self.warehouse, stream, parts[len(have) :], self._path, self._folder.name)

    def _path(self, file: StoredFile) -> Path:
        return self.instead.get(file.digest) or self._files.proved(file)

    def models(self, models: Iterable[Model]) -> dict[str, dict[str, str]]:
        """Make models' views; each after those that it reads.

        Returns:
            DuckDB's type of each column of each model, by full name.

        Raises:
            WarehouseError: the allow-list or DuckDB refuses a model.
        """
        return {model.full_name: self.warehouse.create_model(model) for model in models}

    def traced(
        self, models: Sequence[Model], streams: Iterable[Stream]
    ) -> tuple[dict[str, dict[str, str]], set[str]]:
        """Make models' views, and those that their rows are followed through to the streams.

        Returns:
            The columns as `models` gives them, and the models that cannot be followed.

        Raises:
            WarehouseError: the allow-list or DuckDB refuses a model.
        """
        columns = self.models(models)
        if not models:
            return columns, set()
        return columns, make_traceable(self.warehouse.connection, streams, models, columns)


def load_parts(
    warehouse: Warehouse,
    stream: Stream,
    parts: Iterable[Part],
    path_of: Callable[[StoredFile], Path],
    work: str | Path,
) -> None:
    """Load parts of a stream into a warehouse; nothing is recorded.

    Args:
        warehouse: an empty one, or one that holds the parts before these.
        stream: its declaration.
        parts: in the order of loading.
        path_of: where a stored file lies; to be proved, for it may be old.
        work: a folder for rows that the stream's key refuses; they are of no use here.

    Raises:
        WarehouseError: a stored file is missing, damaged, or cannot be loaded.
    """
    refused = Path(work) / "refused.parquet"
    for part in parts:
        paths = [path_of(file) for file in part.files]
        warehouse.load(stream, part.batch, _token(part), paths, refused, lambda _: None)


def _token(part: Part) -> str:
    """What tells a part from any other: its batch, its files."""
    return "+".join([part.batch.id, *(file.digest for file in part.files)])
