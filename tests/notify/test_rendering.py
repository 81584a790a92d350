"""What people and data wrote shows as text in every channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from scoreline.core.notices import EVENTS
from scoreline.notify.rendering import VARIABLES, Link, Renderer, TemplateFault, legal_names

HOSTILE = "a\nb\r\x1b[31m <script>**x** [l](http://evil) @everyone <!channel> \u202egnp.exe"
CHANGE = {
    "id": "2026-H2/a/b/c",
    "title": HOSTILE,
    "team": "a",
    "owner": "",
    "before": "on track",
    "now": "off track",
    "reason": HOSTILE,
    "value": "1",
    "target": "2",
    "progress": "50.0 %",
    "expected": "60.0 %",
    "link": Link(""),
}
FACTS = {"organisation": "Acme", "as_of": "2026-11-21", "changes": [CHANGE]}


def test_text_holds_no_control_character_and_no_mention(tmp_path: Path) -> None:
    """A title stays on its line, mentions nobody, and turns no letters around."""
    title, body = Renderer(tmp_path).render("status", "text", FACTS)
    assert title.startswith("Acme: a b")
    assert all(c.isprintable() or c in "\n\u200b" for c in body)
    assert "@everyone" not in body
    assert "<!channel" not in body


def test_markdown_in_a_value_is_no_markup(tmp_path: Path) -> None:
    """Emphasis, links and tags in a title are escaped; the template's own are not."""
    _, body = Renderer(tmp_path).render("status", "markdown", FACTS)
    assert r"\<script\>\*\*x\*\* \[l\](http://evil)" in body
    assert "**off track**" in body


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    """Ten thousand characters do not fill a channel."""
    change = {**CHANGE, "title": "x" * 10_000}
    title, body = Renderer(tmp_path).render("status", "text", {**FACTS, "changes": [change]})
    assert len(title) <= 250
    assert len(body) < 2_000


def test_the_projects_template_comes_first(tmp_path: Path) -> None:
    """A template in okr_defs/messages takes the built-in one's place."""
    folder = tmp_path / "okr_defs/messages"
    folder.mkdir(parents=True)
    (folder / "status.txt.j2").write_text("# Ours\n{{ changes[0].now }}\n")
    assert Renderer(tmp_path).render("status", "text", FACTS) == ("Ours", "off track")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("status.txt.j2", "x\n{% if %}", "Expected an expression"),
        ("status.txt.j2", "{{ due }}", "there is no due here; legal: as_of, changes"),
        ("other.txt.j2", "x", "no message has this template"),
        ("status.md.j2", "{{ ''.__class__.__mro__ }}", ""),
    ],
)
def test_mistakes_are_found_by_reading(tmp_path: Path, name: str, text: str, words: str) -> None:
    """Syntax, unknown names and unknown files are found before anything is sent."""
    folder = tmp_path / "okr_defs/messages"
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    found = [str(f) for f in Renderer(tmp_path).faults()]
    assert (words in found[0]) if words else (found == [])


def test_a_template_cannot_reach_into_the_program(tmp_path: Path) -> None:
    """The sandbox refuses what a template of text has no use for."""
    folder = tmp_path / "okr_defs/messages"
    folder.mkdir(parents=True)
    (folder / "status.md.j2").write_text("{{ ''.__class__.__mro__ }}")
    with pytest.raises(TemplateFault):
        Renderer(tmp_path).render("status", "markdown", FACTS)


def test_there_is_a_built_in_template_for_everything(tmp_path: Path) -> None:
    """Each event has both formats, and uses no other names than documented."""
    assert set(VARIABLES) == set(EVENTS)
    folder = tmp_path / "okr_defs/messages"
    folder.mkdir(parents=True)
    built_in = Path(__file__).parents[2] / "scoreline/notify/templates"
    for name in legal_names():
        (folder / name).write_text((built_in / name).read_text())
    assert Renderer(tmp_path).faults() == []
