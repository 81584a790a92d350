"""Facets: what OpenLineage events say of datasets, in the classes of its own client.

What belongs here: one function for each facet. What does not: which events there are.
Facts of the specification: https://openlineage.io/spec/facets, version 2-0-2 of the core.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openlineage.client.facet_v2 import (
    base_subset_dataset,
    column_lineage_dataset,
    data_quality_assertions_dataset,
    dataset_version_dataset,
    documentation_dataset,
    input_statistics_input_dataset,
    ownership_dataset,
    schema_dataset,
)

from scoreline.core.model import Stream
from scoreline.core.records import Batch, CheckResult
from scoreline.measures.lineage import Use, stream_relation

InputField = column_lineage_dataset.InputField
Transformation = column_lineage_dataset.Transformation

Origins = Mapping[str, tuple[str, str]]
"""Namespace and name of the dataset that a stream's columns come from, by its full name."""


def described(text: str) -> dict[str, Any]:
    """What a dataset is, in words; nothing where there are none."""
    if not text:
        return {}
    return {"documentation": documentation_dataset.DocumentationDatasetFacet(description=text)}


def owned(*owners: str | None) -> dict[str, Any]:
    """Who answers for a dataset; nothing where nobody is named."""
    named = [ownership_dataset.Owner(name=o, type="OWNER") for o in dict.fromkeys(owners) if o]
    return {"ownership": ownership_dataset.OwnershipDatasetFacet(owners=named)} if named else {}


def versioned(digest: str | None) -> dict[str, Any]:
    """The digest of a dataset's contents; nothing where it has none yet."""
    if digest is None:
        return {}
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=digest)}


def schema(fields: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """Columns: name, type, description."""
    found = [
        schema_dataset.SchemaDatasetFacetFields(
            name=name, type=kind or None, description=words or None, ordinal_position=place
        )
        for place, (name, kind, words) in enumerate(fields, 1)
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=found)}


def stream_schema(stream: Stream) -> dict[str, Any]:
    """The columns of a stream as it is kept, by its contract."""
    kept = (c for c in stream.columns if c.personal != "drop")
    return schema((c.name, str(c.type), c.description) for c in kept)


def source_schema(stream: Stream) -> dict[str, Any]:
    """The columns of a stream's source that its contract names, as the source calls them."""
    return schema((c.header or c.name, "", c.description) for c in stream.columns)


def lineage(fields: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """For each output column the input fields that act on it, however they do."""
    found = {
        name: column_lineage_dataset.Fields(inputFields=list(inputs))
        for name, inputs in fields.items()
    }
    return {"columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=found)}


def stream_lineage(stream: Stream, origin: tuple[str, str]) -> dict[str, Any]:
    """From the source's columns to the stream's: each its own, and those that choose rows."""
    headers = {c.name: c.header or c.name for c in stream.columns}
    rows = sorted(stream_relation(stream).rows)
    deciding = input_fields(rows, {stream.full_name: origin}, headers)
    found = {}
    for column in stream.columns:
        if column.personal == "drop":
            continue
        masked = column.personal == "pseudonym"
        how = Transformation(
            type="DIRECT",
            subtype="TRANSFORMATION" if masked else "IDENTITY",
            description="a pseudonym with the project's key" if masked else None,
            masking=masked,
        )
        own = InputField(*origin, headers[column.name], [how])
        found[column.name] = [own, *deciding]
    return lineage(found)


def input_fields(
    uses: Iterable[Use], origins: Origins, headers: Mapping[str, str] | None = None
) -> list[Any]:
    """Each source column once, with every way in which it acts.

    Args:
        uses: in the order in which they shall stand.
        origins: the dataset of each stream.
        headers: what the dataset calls a column, where that is another name.
    """
    found: dict[tuple[str, str], list[Any]] = {}
    for use in uses:
        ways = found.setdefault((use.source.stream, use.source.column), [])
        ways.append(
            Transformation(type=use.kind, subtype=use.how, description=use.place, masking=False)
        )
    return [
        InputField(*origins[stream], (headers or {}).get(column, column), ways)
        for (stream, column), ways in found.items()
    ]


def value_field(metric: tuple[str, str], how: str) -> Any:
    """The value of a metric's dataset as an input."""
    return InputField(*metric, "value", [Transformation(type="DIRECT", subtype=how)])


def received(batches: Sequence[Batch]) -> dict[str, Any]:
    """How much was received, and of which objects."""
    sizes = [b.receipt.get("bytes") for b in batches]
    known = [size for size in sizes if isinstance(size, int)]
    where = [str(b.receipt.get("source_identity") or b.object) for b in batches]
    subset = base_subset_dataset.InputSubsetInputDatasetFacet(
        inputCondition=base_subset_dataset.LocationSubsetCondition(locations=where)
    )
    statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
        rowCount=sum(b.rows_received for b in batches),
        size=sum(known) if len(known) == len(sizes) else None,
        fileCount=len(batches),
    )
    return {"inputStatistics": statistics, "subset": subset}


def assertions(checks: Sequence[CheckResult]) -> dict[str, Any]:
    """Each check once over all batches; it succeeded where it passed on every one.

    Cells never appear: only what was checked, and how many rows failed.
    """
    by_check: dict[str, list[CheckResult]] = {}
    for check in checks:
        key = json.dumps([check.type, dict(check.arguments), check.policy], default=str)
        by_check.setdefault(key, []).append(check)
    found = [_assertion(results) for results in by_check.values()]
    if not found:
        return {}
    facet = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(assertions=found)
    return {"dataQualityAssertions": facet}


def _assertion(results: Sequence[CheckResult]) -> Any:
    first = results[0]
    column = first.arguments.get("column")
    failing, seen = (sum(getattr(r, n) or 0 for r in results) for n in ("unexpected", "evaluated"))
    return data_quality_assertions_dataset.Assertion(
        assertion=first.type,
        success=all(r.outcome == "pass" for r in results),
        column=column if isinstance(column, str) else None,
        severity="warn" if first.policy == "warn" else "error",
        name=str(first.detail.get("label") or first.type),
        expected="0 rows fail",
        actual=f"{failing} of {seen} rows fail",
        params={**first.arguments, "on_failure": first.policy, "batches": len(results)},
    )
