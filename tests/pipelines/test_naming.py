"""Names that Dagster accepts, whatever the files are called."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st
from pipeline_fakes import FakeSteps, definitions, execute, materialised

from pipelines.naming import check_names, file_key, key_part, name_of, unique_keys
from scoreline.quality.model import CheckSpec

LEGAL = re.compile(r"[A-Za-z0-9_]+")


@given(st.text())
def test_any_text_gives_a_legal_name(text: str) -> None:
    """Every text gives a name of ASCII letters, digits and `_`."""
    assert LEGAL.fullmatch(name_of(text))


@given(st.text(), st.text())
def test_different_texts_give_different_key_parts(one: str, other: str) -> None:
    """Escaping does not make one key of two texts."""
    assert (key_part(one) == key_part(other)) == (one == other)


@given(st.lists(st.text(alphabet="aA_-. é/", min_size=1, max_size=4), unique=True, max_size=8))
def test_keys_are_told_apart(texts: list[str]) -> None:
    """However similar the files' names, each gets an output name of its own."""
    keys = unique_keys({f"okr_defs/metrics/{t}.yaml": file_key(f"metrics/{t}.yaml") for t in texts})
    names = {k.to_python_identifier() for k in keys.values()}
    assert len(names) == len({f"okr_defs/metrics/{t}.yaml" for t in texts})
    assert all(LEGAL.fullmatch(n) for n in names)


def test_checks_alike_are_numbered() -> None:
    """Two checks of one type on one column have different names, the first without a number."""
    spec = CheckSpec(
        "expect_column_values_to_be_between", {"column": "a b"}, "warn", "expect", "label"
    )
    assert check_names([spec, spec]) == ["between__a_b", "between__a_b_2"]


def test_a_check_never_takes_a_reserved_name() -> None:
    """A check that would be called `fresh` is numbered."""
    assert check_names([CheckSpec("expect_fresh", {}, "warn", "expect", "")], ["fresh"]) == [
        "fresh_2"
    ]


def test_odd_file_names_run(project: Path, steps: FakeSteps, instance: dg.DagsterInstance) -> None:
    """Files with blanks, umlauts and look-alike names load and are materialised."""
    folder = project / "okr_defs/metrics"
    text = (folder / "people.yaml").read_text()
    for number, stem in enumerate(["a b", "größe", "a-b", "a.b"]):
        (folder / f"{stem}.yaml").write_text(text.replace("staff:", f"staff_{number}:", 1))
    result = execute(steps, "score", instance)
    assert result.success
    assert len([k for k in materialised(result) if k.startswith("metrics/")]) == 6


def test_a_source_called_metrics_is_told_apart(project: Path, steps: FakeSteps) -> None:
    """A stream `metrics.sales` and the file `metrics/sales.yaml` are two assets."""
    path = project / "okr_defs/sources/hr.yaml"
    text = path.read_text().replace("source: hr", "source: metrics")
    (path.parent / "metrics.yaml").write_text(text.replace("staff:", "sales:", 1))
    keys = definitions(steps).resolve_asset_graph().get_all_asset_keys()
    names = [k.to_user_string() for k in keys if k.path[0] == "metrics"]
    assert len(names) == 3
