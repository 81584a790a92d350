"""Values, baselines and definitions as recorded.

What belongs here: the store's methods that read them. What does not: writing them
(commit), scores (scores).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from scoreline.core.records import Baseline, DefinitionVersion, ValueRecord
from scoreline.store.base import StoreBase
from scoreline.store.codec import instant, instant_text, parsed, unpacked
from scoreline.store.gate_rows import chunks
from scoreline.store.inforce import chosen, with_blocks, with_bodies
from scoreline.store.rows import StoredDefinition, StoredValue
from scoreline.store.run_bodies import baseline_from, definition_from, value_from
from scoreline.store.schema import (
    baselines,
    definitions,
    in_force,
    ledger_blocks,
    series_values,
)


class ValueBook(StoreBase):
    """The store's methods that read values, baselines and definitions."""

    def known_inputs(self) -> dict[str, str]:
        """The input digest of the newest value of every request."""
        query = select(series_values.c.request, series_values.c.input_digest)
        with self._read() as connection:
            rows = connection.execute(query.where(in_force(series_values)))
            return {row.request: row.input_digest for row in rows}

    def values(
        self, requests: Iterable[str] | None = None, *, known_at: datetime | None = None
    ) -> dict[str, ValueRecord]:
        """The newest value of each request asked for (None: of all) that has one.

        Args:
            requests: request ids.
            known_at: with it, the newest that was recorded until then.
        """
        query = with_bodies(series_values, series_values.c.coding, series_values.c.series)
        query = query.where(chosen(series_values, ("request",), known_at))
        with self._read() as connection:
            if requests is None:
                return dict(_values(connection, query))
            found: dict[str, ValueRecord] = {}
            for ids in chunks(dict.fromkeys(requests)):
                found |= _values(connection, query.where(series_values.c.request.in_(ids)))
            return found

    def stored_values(
        self, requests: Iterable[str], *, known_at: datetime | None = None
    ) -> dict[str, StoredValue]:
        """`values` with the digest, time and run of each one's record."""
        query = with_blocks(series_values, series_values.c.coding, series_values.c.series)
        query = query.where(chosen(series_values, ("request",), known_at))
        found: dict[str, StoredValue] = {}
        with self._read() as connection:
            for ids in chunks(dict.fromkeys(requests)):
                for row in connection.execute(query.where(series_values.c.request.in_(ids))):
                    value = _value(row)
                    recorded_at = instant(row.recorded_at)
                    found[value.request] = StoredValue(value, row.digest, recorded_at, row.run)
        return found

    def values_of(self, inputs: Mapping[str, str]) -> dict[str, ValueRecord]:
        """The value of each request that was computed from just these inputs, whenever.

        Args:
            inputs: for each request, the digest of its inputs.
        """
        columns = (series_values.c.coding, series_values.c.series, series_values.c.input_digest)
        query = with_bodies(series_values, *columns)
        found: dict[str, ValueRecord] = {}
        with self._read() as connection:
            for ids in chunks(inputs):
                for row in connection.execute(query.where(series_values.c.request.in_(ids))):
                    value = _value(row)
                    if inputs[value.request] == row.input_digest:
                        found[value.request] = value
        return found

    def values_in_order(self, since: datetime | None = None) -> Iterator[StoredValue]:
        """Every value ever recorded (since a time), in the order of the ledger."""
        query = with_blocks(series_values, series_values.c.coding, series_values.c.series)
        if since is not None:
            query = query.where(ledger_blocks.c.recorded_at >= instant_text(since))
        with self._read() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield StoredValue(_value(row), row.digest, instant(row.recorded_at), row.run)

    def value_versions(self, request: str) -> list[ValueRecord]:
        """Every value that a request ever had, oldest first."""
        query = with_bodies(series_values, series_values.c.coding, series_values.c.series)
        with self._read() as connection:
            rows = connection.execute(query.where(series_values.c.request == request))
            return [_value(row) for row in rows]

    def baselines(self) -> dict[str, Baseline]:
        """The frozen baseline of each key result that has one."""
        with self._read() as connection:
            rows = connection.execute(with_bodies(baselines).where(in_force(baselines)))
            found = [baseline_from(parsed(row.body)) for row in rows]
        return {baseline.key_result: baseline for baseline in found}

    def definition_versions(self, name: str) -> list[StoredDefinition]:
        """Every version of one defined object, oldest first, with when it was recorded."""
        with self._read() as connection:
            rows = connection.execute(with_blocks(definitions).where(definitions.c.name == name))
            return [
                StoredDefinition(
                    definition_from(parsed(row.body)), row.digest, instant(row.recorded_at), row.run
                )
                for row in rows
            ]

    def definition_digests(self) -> dict[str, tuple[str, str | None]]:
        """The digests of the body and of the SQL of every object's newest version, by name."""
        columns = [definitions.c[n] for n in ("name", "digest", "sql_digest")]
        with self._read() as connection:
            rows = connection.execute(select(*columns).where(in_force(definitions)))
            return {row.name: (row.digest, row.sql_digest) for row in rows}

    def current_definitions(
        self, names: Iterable[str] | None = None, *, known_at: datetime | None = None
    ) -> dict[str, DefinitionVersion]:
        """The newest version of every defined object; with `known_at`, as known then.

        Args:
            names: only these (None: all).
            known_at: with it, the newest that was recorded until then.
        """
        query = with_bodies(definitions).where(chosen(definitions, ("name",), known_at))
        if names is None:
            queries = [query]
        else:
            parts = chunks(dict.fromkeys(names))
            queries = [query.where(definitions.c.name.in_(part)) for part in parts]
        with self._read() as connection:
            rows = [row for part in queries for row in connection.execute(part)]
        found = [definition_from(parsed(row.body)) for row in rows]
        return {version.name: version for version in found}


def _values(connection: Connection, query: Any) -> dict[str, ValueRecord]:
    found = (_value(row) for row in connection.execute(query))
    return {value.request: value for value in found}


def _value(row: Any) -> ValueRecord:
    return value_from(parsed(row.body), unpacked(row.coding, row.series))
