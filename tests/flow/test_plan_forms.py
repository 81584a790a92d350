"""A plan as people and programs read it, against git, and its exit status."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from flow_builders import ORGANISATION, Small

from scoreline.cli.planning import show_plan

SOURCE = """\
source: lms
connector: files
options: {root: data}
streams:
  done:
    options: {glob: "done*.csv"}
    columns: {id: text, score: integer, at: {type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: merge
    event_time: at
"""
METRICS = """\
metrics:
  people:
    title: People
    unit: count
    from: lms.done
    measure: {count: rows, where: "score >= 50"}
    window: cycle
"""
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: ann@acme.example
    key_results:
      people: {title: "<b>`People` | @all</b>", metric: people, baseline: 0, target: 10}
      others: {title: Others, metric: people, baseline: 0, target: 20}
"""
COMMITTED = {
    "GIT_AUTHOR_NAME": "Ann Lee",
    "GIT_AUTHOR_EMAIL": "ann@acme.example",
    "GIT_COMMITTER_NAME": "Bo",
    "GIT_COMMITTER_EMAIL": "bo@acme.example",
}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A project that was scored once: two people passed, one did not."""
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    made.write(
        "data/done.csv",
        "id,score,at\n1,90,2026-09-01 10:00:00\n2,50,2026-09-02 10:00:00\n3,40,2026-09-03 10:00:00\n",
    )
    made.run()
    return made


def _git(root: Path, *words: str) -> None:
    program = shutil.which("git")
    if program is None:
        pytest.skip("git is absent: who changed a line cannot be asked")
    subprocess.run(
        [program, "-C", str(root), *words],
        check=True,
        capture_output=True,
        env={**os.environ, **COMMITTED},
    )


def _commit(root: Path) -> None:
    _git(root, "add", "okr_defs")
    _git(root, "commit", "-qm", "A change", "--no-gpg-sign")


def test_markdown_shows_effects_and_escapes_what_is_written(
    small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """Titles cannot break the table, mention people or bring markup into a pull request."""
    small.define(objectives__2026_H2__learning=OBJECTIVES.replace("target: 10", "target: 4"))
    assert show_plan(small.root, None, None, "markdown", None) == 0
    text = capsys.readouterr().out
    row = next(line for line in text.splitlines() if line.startswith("| `2026-H2"))
    assert "| 20.0 % → 50.0 % |" in row
    assert r"\<b\>\`People\` \| \@all\</b\>" in row
    assert row.replace(r"\|", "").count("|") == 5
    assert "~ key result 2026-H2/learning/o/people" in text
    assert text.count("```") == 2


def test_json_has_both_sides_and_the_sql(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get what differs, SQL before and after, and every number as text."""
    small.define(metrics__m=METRICS.replace("score >= 50", "score >= 60"))
    show_plan(small.root, None, None, "json", None)
    told = json.loads(capsys.readouterr().out)
    [metric] = told["objects"]
    assert metric["differences"] == [
        {"path": "measure.where", "before": "score >= 50", "after": "score >= 60"}
    ]
    assert '"score" >= 50' in metric["sql"]["before"]
    assert '"score" >= 60' in metric["sql"]["after"]
    effects = {e["id"].rsplit("/", 1)[1]: e for e in told["key_results"]}
    assert [effects["people"][s]["value"] for s in ("before", "after")] == ["2.000000", "1.000000"]
    assert effects["others"]["goalposts"][0]["path"] == "metric people.measure.where"
    assert told["series_computed"] == 1


@pytest.mark.parametrize(
    ("edit", "fail_on", "status"),
    [
        ("title: Others", None, 0),
        ("title: Others", "change", 1),
        ("title: Others", "move", 0),
        ("target: 20", "move", 1),
        ("target: 20", "goalposts", 1),
        ("metric: people, baseline: 0, target: 20", None, 1),
    ],
)
def test_the_exit_status_is_what_was_asked_for(
    small: Small, edit: str, fail_on: str | None, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """0, or 1 where a definition is in error or `--fail-on` is met."""
    new = {"title: Others": "title: All others", "target: 20": "target: 25"}.get(
        edit, "metric: peeple, baseline: 0, target: 20"
    )
    small.define(objectives__2026_H2__learning=OBJECTIVES.replace(edit, new))
    assert show_plan(small.root, None, None, "text", fail_on) == status  # type: ignore[arg-type]
    assert "Nothing was written" in capsys.readouterr().out


def test_nothing_differs_in_one_line(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """No change is said, and is no finding, whatever the plan would fail on."""
    assert show_plan(small.root, None, None, "text", "change") == 0
    assert "nothing differs" in capsys.readouterr().out


def test_a_project_that_never_ran_has_everything_to_add(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first run a plan lists all objects and says which streams have no data."""
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    assert show_plan(tmp_path, None, None, "json", None) == 0
    told = json.loads(capsys.readouterr().out)
    assert {o["action"] for o in told["objects"]} == {"added"}
    assert list(told["streams_without_data"]) == ["lms.done"]


def test_git_says_who_moved_the_goalposts_and_since_when(
    small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    """The author of the key result's lines is named; what is not committed has the login."""
    _git(small.root, "init", "-q")
    _commit(small.root)
    moved = OBJECTIVES.replace("target: 20", "target: 15")
    small.define(objectives__2026_H2__learning=moved)
    _commit(small.root)
    small.define(objectives__2026_H2__learning=moved.replace("target: 10", "target: 5"))
    show_plan(small.root, "HEAD~1", None, "json", None)
    told = json.loads(capsys.readouterr().out)
    assert told["against"].startswith("HEAD~1 (")
    authors = {e["id"].rsplit("/", 1)[1]: e["author"] for e in told["key_results"]}
    assert (authors["others"]["name"], authors["others"]["subject"]) == ("Ann Lee", "A change")
    assert authors["people"]["commit"] is None
    show_plan(small.root, "HEAD", None, "json", None)
    [only] = json.loads(capsys.readouterr().out)["key_results"]
    assert only["id"].endswith("people")
