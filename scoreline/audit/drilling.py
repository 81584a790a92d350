"""Drill down: from a value to the received rows that it is made of, which add up to it.

What belongs here: choosing the streams' versions and putting a value's parts together.
What does not: the SELECTs (measures), running them (warehouse), words for people (cli).

Everything is read from the stored files, in a database in memory: it works while a run
holds the warehouse, and for any value in the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType

from scoreline.core.errors import UsageError
from scoreline.core.model import Stream
from scoreline.core.records import Batch, StreamVersion
from scoreline.measures.requests import models_read, streams_read
from scoreline.measures.rows import Asked, rows_queries
from scoreline.warehouse.files import FileStore
from scoreline.warehouse.replaying import Replay
from scoreline.warehouse.rows_behind import RowsBehind


@dataclass(frozen=True, slots=True)
class Question:
    """A value, and the versions of the streams that it was computed from.

    `asked.plan` has the definitions that were in force; `streams` may hold more than the
    metric reads.
    """

    asked: Asked
    streams: Mapping[str, StreamVersion]


class Drill:
    """The rows behind one value, part by part; open it, read pages, close it."""

    def __init__(self, files: FileStore, question: Question) -> None:
        """Loads the streams and lists the rows.

        Raises:
            UsageError: a stream has no version in the record.
            WarehouseError: a stored file is missing or damaged.
        """
        self.question = question
        asked = question.asked
        self._replay = Replay(files, asked.plan.organisation.timezone)
        try:
            self.parts = self._parts(asked)
        except BaseException:
            self._replay.close()
            raise

    def _parts(self, asked: Asked) -> list[RowsBehind]:
        versions, streams = self._versions(asked)
        for name, stream in streams.items():
            self._replay.load(stream, versions[name].parts)
        models = models_read(asked.plan, asked.metric)
        columns, lost = self._replay.traced(models, streams.values())
        received = {name: v.received for name, v in versions.items() if v.received}
        full = replace(asked, model_columns=columns, received=received)
        batches: dict[int, Batch] = {
            part.batch.seq: part.batch for v in versions.values() for part in v.parts
        }
        return [
            RowsBehind(
                self._replay.warehouse.connection, query, batches, query.relation not in lost
            )
            for query in rows_queries(full)
        ]

    def _versions(self, asked: Asked) -> tuple[dict[str, StreamVersion], dict[str, Stream]]:
        names = streams_read(asked.plan, asked.metric)
        missing = [name for name in names if name not in self.question.streams]
        if missing:
            raise UsageError(
                f"{missing[0]} has no loaded contents in the record that {asked.metric} could have "
                "been computed from; `scoreline verify` says what is wrong"
            )
        streams = asked.plan.streams
        return {n: self.question.streams[n] for n in names}, {n: streams[n] for n in names}

    def close(self) -> None:
        """Forget everything that was loaded."""
        self._replay.close()

    def __enter__(self) -> Drill:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
