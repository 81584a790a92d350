"""The standard layout: stable, complete, and without any effect on what is scored."""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from typer.testing import CliRunner

from scoreline.cli.main import app
from scoreline.core.errors import ScorelineError
from scoreline.definitions.project import definition_paths
from scoreline.definitions.yamlio import read_document
from scoreline.workbench.layout import arranged

ROOT = Path(__file__).resolve().parents[2]
FILES = [(k, p) for k, p in definition_paths(ROOT) if p.suffix == ".yaml"]
runner = CliRunner()


def _data(text: str) -> Any:
    return read_document(text.encode(), "").data


def _noise(text: str, chance: random.Random) -> str:
    """Comments, blank lines and blanks at line ends, where they say nothing."""
    lines = []
    for line in text.split("\n"):
        indent = re.match(r" *", line)[0]  # type: ignore[index]
        if chance.random() < 0.1:
            lines.append(f"{indent}# note {chance.randrange(1000)}: 'x', {{y}}")
        if chance.random() < 0.1:
            lines += [""] * chance.randrange(1, 4)
        mark = f"  # {chance.randrange(1000)}" if chance.random() < 0.1 and "#" not in line else ""
        lines.append(line + mark + " " * chance.choice((0, 0, 3)))
    return "\n".join(lines)


def _shuffled(text: str, chance: random.Random) -> str:
    """The same file with the keys of every mapping in another order and other indentation."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    wide = chance.choice((2, 4))
    yaml.indent(mapping=wide, sequence=wide + 2, offset=wide)

    def turned(node: Any) -> None:
        if isinstance(node, dict):
            for key in chance.sample(list(node), len(node)):
                turned(node[key])
                node[key] = node.pop(key)
        elif isinstance(node, list):
            for item in node:
                turned(item)

    loaded = yaml.load(re.sub(r"(?m)^#.*\n|  +#.*$", "", text))
    turned(loaded)
    out = io.StringIO()
    yaml.dump(loaded, out)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "path"), FILES, ids=[p.stem for _, p in FILES])
def test_the_example_is_in_the_standard_layout(kind: str, path: Path) -> None:
    """Arranging a file of the example changes nothing."""
    text = path.read_text(encoding="utf-8")
    assert arranged(text, kind, path.name) == text


@settings(max_examples=40)
@given(st.sampled_from(FILES), st.integers(0, 2**32), st.booleans())
def test_arranging_changes_no_meaning(file: tuple[str, Path], seed: int, is_shuffled: bool) -> None:
    """Whatever the layout: the same data, the same comments, and a second time no change."""
    chance = random.Random(seed)
    kind, path = file
    text = path.read_text(encoding="utf-8")
    messy = _noise(_shuffled(text, chance) if is_shuffled else text, chance)
    if _data(messy) is None:
        return
    once = arranged(messy, kind, path.name)
    assert _data(once) == _data(messy)
    assert arranged(once, kind, path.name) == once
    notes = re.compile(r"# (?:note )?\d+.*?(?= *$)", re.MULTILINE)
    assert Counter(notes.findall(once)) == Counter(notes.findall(messy))


@settings(max_examples=25)
@given(st.sampled_from([f for f in FILES if f[0] != "organisation"]), st.integers(0, 2**32))
def test_the_order_of_keys_does_not_matter(file: tuple[str, Path], seed: int) -> None:
    """Two files that differ in the order of fixed keys only are arranged alike."""
    kind, path = file
    text = path.read_text(encoding="utf-8")
    once = arranged(_shuffled(text, random.Random(seed)), kind, path.name)
    assert list(_data(once)) == list(_data(arranged(text, kind, path.name)))


def test_comments_move_with_their_lines() -> None:
    """A comment above a key goes where the key goes; one at the top stays at the top."""
    text = "# the file\nmetrics:\n  m:\n    unit: count\n    # why\n    title: T  # words\n"
    assert arranged(text, "metrics", "m.yaml") == (
        "# the file\nmetrics:\n  m:\n    # why\n    title: T  # words\n    unit: count\n"
    )


def test_braces_are_put_in_order() -> None:
    """Keys in braces get their order and spaces, too."""
    text = "source: s\nstreams:\n  a:\n    columns:\n      x: { personal: drop , header: 'X', type: text}\n"
    assert "x: {type: text, header: 'X', personal: drop}" in arranged(text, "source", "s.yaml")


def test_numbers_keep_their_digits() -> None:
    """Digits that a float would lose are there afterwards."""
    text = "cycle: c\nteam: t\nobjectives: {o: {key_results: {k: {target: 1361606.40, weight: 0.10}}}}\n"
    result = arranged(text, "objectives", "t.yaml")
    assert "1361606.40" in result
    assert "0.10" in result


def test_a_file_that_would_change_is_left_alone() -> None:
    """Blanks that mean something are not taken away: the file is refused."""
    with pytest.raises(ScorelineError, match="left as it is"):
        arranged("source: s\ndescription: |\n  a  \n\n\n  b\n", "source", "s.yaml")


def test_check_writes_nothing_and_finds(tmp_path: Path) -> None:
    """`format --check` says what would change and ends with 1; `format` writes it, then 0."""
    folder = tmp_path / "okr_defs" / "metrics"
    folder.mkdir(parents=True)
    file = folder / "m.yaml"
    file.write_text("metrics:\n    m: {unit: count,   title: T}\n")
    before = file.read_text()
    call = ["format", "--project", str(tmp_path)]
    found = runner.invoke(app, [*call, "--check"])
    assert (found.exit_code, file.read_text()) == (1, before)
    assert "+  m: {title: T, unit: count}" in found.output
    assert runner.invoke(app, call).exit_code == 0
    assert file.read_text() == "metrics:\n  m: {title: T, unit: count}\n"
    assert runner.invoke(app, [*call, "--check"]).exit_code == 0


def test_a_file_with_mistakes_is_named(tmp_path: Path) -> None:
    """A file whose YAML is wrong is left alone, named, and a finding."""
    folder = tmp_path / "okr_defs" / "metrics"
    folder.mkdir(parents=True)
    (folder / "m.yaml").write_text("metrics:\n  m: {unit: count\n")
    done = runner.invoke(app, ["format", "--project", str(tmp_path)])
    assert done.exit_code == 1
    assert "mend it first: okr_defs/metrics/m.yaml" in done.output
