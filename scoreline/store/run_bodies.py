"""The bodies of records of a run: definitions, values, baselines, scores, restatements.

What belongs here: what is hashed of each, and how it is read back. What does not: which of
them are new (commit), drafts of records (bodies), the database.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from scoreline.core.digests import canonical, canonical_object, digest
from scoreline.core.errors import UsageError
from scoreline.core.records import (
    Baseline,
    Body,
    DefinitionVersion,
    Restatement,
    ScoreRecord,
    ValueRecord,
)
from scoreline.store.bodies import Draft
from scoreline.store.codec import day_text


def definition_draft(version: DefinitionVersion, change: bytes) -> Draft:
    """The record of a definition's version with its compiled SQL.

    Args:
        version: the version.
        change: the canonical bytes of the list of what changed, which many share.
    """
    body = version.content
    content = canonical_object(
        {
            "record": b'"definition"',
            "name": canonical(version.name),
            "kind": canonical(version.kind),
            "digest": b'"%s"' % digest(body).encode(),
            "definition": body,
            "sql": canonical(version.sql),
            "change": change,
        }
    )
    return Draft("definition", version.name, content, digest(content))


def definition_from(body: Body) -> DefinitionVersion:
    """The version of a `definition` record."""
    return DefinitionVersion(
        body["name"], body["kind"], body["definition"], body["sql"], tuple(body["change"])
    )


def value_draft(value: ValueRecord, series_digest: str) -> Draft:
    """The record of a value, by the digest of its series; the text stands in `series_values`."""
    content = canonical_object(
        {
            "record": b'"value"',
            "request": canonical(value.request),
            "metric": canonical(value.metric),
            "filter": canonical(value.filter),
            "cycle": canonical(value.cycle),
            "offset": canonical(value.offset),
            "series_digest": canonical(series_digest),
            "inputs": canonical(value.inputs) if value.written is None else value.written,
            "input_digest": canonical(value.input_digest),
        }
    )
    return Draft("value", value.request, content, digest(content))


def value_from(body: Body, series: str) -> ValueRecord:
    """The value of a `value` record and its series; the filter as JSON lists."""
    return ValueRecord(
        request=body["request"],
        metric=body["metric"],
        filter=body["filter"],
        cycle=body["cycle"],
        offset=body["offset"],
        series=series,
        inputs=body["inputs"],
        input_digest=body["input_digest"],
    )


def baseline_body(baseline: Baseline) -> dict[str, Any]:
    """A frozen baseline."""
    return {
        "record": "baseline",
        "key_result": baseline.key_result,
        "day": day_text(baseline.day),
        "numerator": baseline.numerator,
        "denominator": baseline.denominator,
        "source": baseline.source,
    }


def baseline_from(body: Body) -> Baseline:
    """The baseline of a `baseline` record."""
    day = date.fromisoformat(body["day"])
    return Baseline(body["key_result"], day, body["numerator"], body["denominator"], body["source"])


def score_body(score: ScoreRecord, replaces: str | None) -> dict[str, Any]:
    """A score's body with its identity and the digest of the record it replaces.

    Raises:
        UsageError: the body names another kind, key result or day, or has no status.
    """
    day = score.as_of.isoformat()
    identity = {"record": "score", "key_result": score.key_result, "as_of": day}
    for key, value in identity.items():
        if score.body.get(key, value) != value:
            raise UsageError(
                f"score of {score.key_result} on {day}: its body says {key} "
                f"{score.body[key]!r}, which must be {value!r} or left out"
            )
    if not isinstance(score.body.get("status"), str):
        raise UsageError(f"score of {score.key_result} on {day}: its body has no status")
    return {**score.body, **identity, "replaces": replaces}


def score_from(body: dict[str, Any]) -> dict[str, Any]:
    """The body as it was given to be recorded, and `replaces`."""
    del body["record"]
    return body


def restatement_body(restatement: Restatement) -> dict[str, Any]:
    """What a closed key result would score now."""
    return {
        "record": "restatement",
        "key_result": restatement.key_result,
        "closing": restatement.closing,
        "as_of": day_text(restatement.as_of),
        "frozen": restatement.frozen,
        "now": restatement.now,
        "cause": restatement.cause,
    }


def restatement_from(body: Body) -> Restatement:
    """The restatement of a `restatement` record."""
    fields = {key: value for key, value in body.items() if key != "record"}
    return Restatement(**{**fields, "as_of": date.fromisoformat(body["as_of"])})
