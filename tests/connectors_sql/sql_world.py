"""A database with a connector on it, and a caller that remembers: no test stands here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from connectors.base import ColumnSpec, ObjectRef, SeenObject, State, StreamSpec
from connectors.batch import Batch
from connectors.sql import SqlConnector

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@dataclass
class World:
    """One empty database: `engine` writes to it, `connector` reads it as another account."""

    backend: str
    engine: sa.Engine
    url: str
    password: str | None
    work: Path
    now: datetime = NOW
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def connector(self) -> SqlConnector:
        options = {"url": self.url, **({"password": self.password} if self.password else {})}
        return SqlConnector(
            {**options, **self.source}, base=self.work.parent, clock=lambda: self.now
        )

    def through(self, port: int) -> World:
        """The same database, reached at another port."""
        url = sa.make_url(self.url).set(port=port).render_as_string(hide_password=False)
        return World(self.backend, self.engine, url, self.password, self.work, self.now)

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def insert(self, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        mark = "?" if self.backend == "sqlite" else "%s"
        marks = ", ".join([mark] * len(rows[0]))
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def read(self, spec: StreamSpec, state: State | None = None) -> tuple[Batch, pa.Table]:
        """The one batch that is due."""
        (ref,) = self.connector.discover(spec, state or State()).new
        return self.take(spec, ref)

    def take(self, spec: StreamSpec, ref: ObjectRef) -> tuple[Batch, pa.Table]:
        batch = self.connector.extract(spec, ref, self.work)
        return batch, batch.reader().read_all()


def stream(table: str = "t", *names: str, **more: Any) -> StreamSpec:
    """A stream on a table, or on a query where options say so."""
    options = more.pop("options", {})
    if "query" not in options:
        options = {"table": table, **options}
    return StreamSpec(table, options, tuple(ColumnSpec(n) for n in names), **more)


@dataclass
class Caller:
    """Remembers what the product's store does, and merges rows by key, the last one winning."""

    world: World
    spec: StreamSpec
    state: State = field(default_factory=State)
    rows: dict[Any, dict[str, Any]] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)

    def run(self) -> int:
        """One run; the number of rows received."""
        received = 0
        for ref in self.world.connector.discover(self.spec, self.state).new:
            received += self.land(*self.world.take(self.spec, ref))
        return received

    def land(self, batch: Batch, table: pa.Table) -> int:
        receipt = batch.receipt()
        assert receipt.rows_received == receipt.declared_total == table.num_rows
        for row in table.to_pylist():
            row.pop("_row")
            self.rows[tuple(row[name] for name in self.spec.key)] = row
        seen = SeenObject(batch.object, batch.digest, batch.signature)
        self.state = State(
            batch.cursor or self.state.cursor,
            {**self.state.objects, seen.name: seen},
            self.state.digests | {batch.digest},
        )
        self.batches.append(batch)
        return table.num_rows
