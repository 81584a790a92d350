"""The data dictionary: complete, escaped, and whole without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scoreline.core.errors import UsageError
from scoreline.core.model import Plan
from scoreline.definitions.metric_tests import load_tests
from scoreline.definitions.project import load_project
from scoreline.steps.planning import load_plan
from scoreline.workbench.dictionary import Dictionary, Link, dictionary
from scoreline.workbench.dictionary_pages import file_of, pages, write_pages

ROOT = Path(__file__).resolve().parents[2]


class _Page(HTMLParser):
    """The links, ids and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.add(value or "")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The example's plan."""
    return load_plan(ROOT).plan


@pytest.fixture(scope="module")
def found(plan: Plan) -> Dictionary:
    """The example's dictionary."""
    return dictionary(plan, load_tests(ROOT, plan)[0])


@pytest.fixture(scope="module")
def made(found: Dictionary) -> dict[str, str]:
    """The example's pages."""
    return pages(found)


def test_everything_has_a_page(plan: Plan, made: dict[str, str]) -> None:
    """Each metric, stream, model and key result has one page, and the first page links it."""
    names = [("metric", n) for n in plan.metrics] + [("stream", n) for n in plan.streams]
    names += [("model", n) for n in plan.models] + [("key result", n) for n in plan.key_results]
    files = [file_of(Link(*name)) for name in names]
    assert len(set(files)) == len(files)
    assert set(files) == {f for f in made if f.endswith(".html")} - {"index.html"}
    assert set(files) <= set(_Page(made["index.html"]).links)


def test_links_lead_somewhere_and_nowhere_else(made: dict[str, str]) -> None:
    """Every link is to a file of the folder, with an anchor that is there; none leaves it."""
    parsed = {name: _Page(text) for name, text in made.items() if name.endswith(".html")}
    for name, page in parsed.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            path = (Path("/") / name).parent / target if target else Path("/") / name
            inside = str(Path(*path.resolve().parts[1:]))
            assert inside in made, (name, link)
            if anchor and inside.endswith(".html") and anchor != "main":
                assert anchor in parsed[inside].ids, (name, link)
    everything = "".join(made.values())
    assert not re.search(r"(https?:)?//[a-z]", everything.replace("// The list", ""))


def test_a_metric_says_where_it_comes_from(found: Dictionary) -> None:
    """The page of a derived metric has its parts, its users, its SQL and its columns."""
    entry = found.entries["metric", "crm_proficiency_rate"]
    assert [to.name for to in entry.reads] == ["crm_proficient_staff", "active_staff"]
    assert {to.kind for to in entry.used_by} == {"key result"}
    assert "count(DISTINCT" in entry.sql
    assert any(str(u.source) == "lms_moodle.crm_attempts.grade" for u in entry.lineage)


def test_a_metric_lists_its_tests(found: Dictionary, made: dict[str, str]) -> None:
    """The page of a metric names its tests, with their places."""
    tests = found.entries["metric", "won_revenue"].tests
    assert any("okr_defs/tests/sales.yaml:" in test for test in tests)
    assert "A deal that was won and then lost is lost" in made["metrics/won_revenue.html"]


def test_a_column_says_who_uses_it(found: Dictionary) -> None:
    """A column names the metrics that read it, not those that only share its contract."""
    columns = {c.name: c for c in found.entries["stream", "crm.opportunities"].columns}
    assert "won_revenue" in {to.name for to in columns["close_value"].used_by}
    assert columns["product"].used_by == ()
    assert columns["sales_agent"].personal == "pseudonym"


def test_hostile_texts_are_shown_as_they_are(tmp_path: Path) -> None:
    """Markup in titles, names of headers and SQL is text on every page."""
    folder = tmp_path / "okr_defs"
    (folder / "sources").mkdir(parents=True)
    (folder / "metrics").mkdir()
    (folder / "organisation.yaml").write_text(
        'organisation: "<script>alert(1)</script>"\ntimezone: UTC\n'
        "cycles: {c: {start: 2026-01-01, end: 2026-12-31}}\nteams: {t: {}}\n"
    )
    (folder / "sources/s.yaml").write_text(
        'source: s\nconnector: files\nstreams:\n  r:\n    description: "<img src=x onerror=y>"\n'
        '    options: {glob: "*.csv"}\n    load: replace\n    columns:\n'
        '      a: {type: text, header: "<b>\'x\'", description: "</td><script>"}\n'
    )
    (folder / "metrics/m.yaml").write_text(
        'metrics:\n  m: {title: "</title><script>", from: s.r, window: all, '
        "measure: {count: rows, where: \"a = '<script>'\"}}\n"
    )
    plan = load_project(tmp_path).plan
    assert plan is not None
    for name, text in pages(dictionary(plan)).items():
        if name.endswith(".html"):
            page = _Page(text)
            assert page.tags.count("script") == 1, name
            assert "img" not in page.tags


def test_no_secret_option_is_shown(tmp_path: Path) -> None:
    """Of a database only the table is shown: neither its URL nor where its password is."""
    folder = tmp_path / "okr_defs/sources"
    folder.mkdir(parents=True)
    (tmp_path / "okr_defs/organisation.yaml").write_text(
        "organisation: A\ntimezone: UTC\ncycles: {c: {start: 2026-01-01, end: 2026-12-31}}\nteams: {t: {}}\n"
    )
    (folder / "s.yaml").write_text(
        'source: s\nconnector: sql\noptions: {url: "postgresql://me@db/x", password: "${env:PW}"}\n'
        "streams:\n  r: {options: {table: orders}, load: replace, columns: {a: text}}\n"
    )
    plan = load_project(tmp_path).plan
    assert plan is not None
    text = "".join(pages(dictionary(plan)).values())
    assert "orders" in text
    assert "db/x" not in text
    assert "PW" not in text


def test_a_folder_of_ones_own_is_not_replaced(found: Dictionary, tmp_path: Path) -> None:
    """Pages replace pages, and nothing else."""
    target = tmp_path / "pages"
    assert write_pages(found, target) == write_pages(found, target) > 50
    (target / "stale.html").write_text("")
    write_pages(found, target)
    assert not (target / "stale.html").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds something else"):
        write_pages(found, tmp_path / "mine")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "pages"]


def test_names_that_differ_in_capitals_do_not_meet() -> None:
    """Two names that a file system may take for one have files of their own."""
    assert file_of(Link("metric", "Rate")).lower() != file_of(Link("metric", "rate")).lower()
