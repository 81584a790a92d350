"""Records that are put together from parts have the bytes of the whole body."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoreline.core.digests import canonical, digest, digest_of
from scoreline.core.records import DefinitionVersion, ValueRecord
from scoreline.store.run_bodies import definition_draft, value_draft

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_BODY = st.dictionaries(_TEXT, _TEXT | st.none() | st.booleans() | st.lists(_TEXT, max_size=3))
_CHANGE = st.lists(_BODY, max_size=2).map(tuple)


@given(_TEXT, _TEXT, _BODY, st.none() | _TEXT, _CHANGE, st.booleans())
def test_a_definitions_record_is_the_canonical_json_of_its_body(
    name: str, kind: str, body: Any, sql: str | None, change: Any, has_bytes: bool
) -> None:
    """Whether its bytes were at hand or not, whatever quotes and signs stand in it."""
    written = canonical(body) if has_bytes else None
    version = DefinitionVersion(name, kind, body, sql, change, written)
    draft = definition_draft(version, canonical(list(change)))
    whole = {
        "record": "definition",
        "name": name,
        "kind": kind,
        "digest": digest_of(body),
        "definition": body,
        "sql": sql,
        "change": list(change),
    }
    assert draft.content == canonical(whole)
    assert (draft.kind, draft.subject, draft.digest) == ("definition", name, digest_of(whole))


@given(_TEXT, _TEXT, st.none() | _TEXT, _TEXT, _BODY, st.booleans())
def test_a_values_record_is_the_canonical_json_of_its_body(
    request: str, metric: str, cycle: str | None, of: str, inputs: Any, has_bytes: bool
) -> None:
    """With the digest of the series in place of its text."""
    series, filter_ = "2026-07-01,0,\nend,2026-07-01\n", [["team", [of]]]
    written = canonical(inputs) if has_bytes else None
    value = ValueRecord(
        request, metric, filter_, cycle, None, series, inputs, digest_of(inputs), written
    )
    draft = value_draft(value, digest(series.encode()))
    whole = {
        "record": "value",
        "request": request,
        "metric": metric,
        "filter": filter_,
        "cycle": cycle,
        "offset": None,
        "series_digest": digest(series.encode()),
        "inputs": inputs,
        "input_digest": digest_of(inputs),
    }
    assert draft.content == canonical(whole)
    assert (draft.kind, draft.subject, draft.digest) == ("value", request, digest_of(whole))
