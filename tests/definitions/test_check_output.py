"""What `check` prints in each of its forms, and what `--fix` changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import definition_samples as samples
import pytest
from definition_samples import CRM, LEARNING_GOALS, LMS, ORGANISATION
from test_mistakes import CASES, Case
from typer.testing import CliRunner

from scoreline.cli.main import app
from scoreline.definitions.project import load_project
from scoreline.workbench.excerpts import Excerpts
from scoreline.workbench.mending import mend

runner = CliRunner()
MENDED = {
    "unknown key", "unknown zone", "day first", "percent threshold", "unknown word",
    "split decimal", "unknown type", "unquoted reference", "no boolean", "quoted number",
    "percent sign", "unknown curve",
}  # fmt: skip
LEFT = {
    "unknown metric", "unknown column", "float type", "filter dimension", "clear password",
    "key not declared", "impossible day", "supports nothing known", "bad cron", "two aggregates",
}  # fmt: skip


def _written(root: Path, case: Case) -> dict[str, str | bytes | None]:
    change = samples.edited(case.file, case.old, case.new)
    plain = {name: str(text).replace("§", "") for name, text in change.items()}
    samples.load(root, {**plain})
    return {**plain}


@pytest.mark.parametrize("case", [c for c in CASES if c.name in MENDED], ids=lambda c: c.name)
def test_what_is_clear_is_mended(case: Case, tmp_path: Path) -> None:
    """A slip with one meaning goes away, and not another byte of the project changes."""
    before = _written(tmp_path, case)
    assert [m.edits for m in mend(tmp_path)] == [1]
    assert load_project(tmp_path).problems == ()
    after = (tmp_path / case.file).read_text()
    changed = [(a, b) for a, b in zip(str(before[case.file]).split("\n"), after.split("\n"), strict=True) if a != b]  # fmt: skip
    assert len(changed) == 1


@pytest.mark.parametrize("case", [c for c in CASES if c.name in LEFT], ids=lambda c: c.name)
def test_what_changes_a_score_is_left_to_people(case: Case, tmp_path: Path) -> None:
    """Names of metrics, columns and values, numbers' types and secrets are never touched."""
    before = _written(tmp_path, case)
    assert mend(tmp_path) == []
    assert (tmp_path / case.file).read_text() == before[case.file]


def test_a_mended_key_lets_the_mistakes_below_it_be_mended(tmp_path: Path) -> None:
    """Mending goes on with what a misspelt key had hidden."""
    change = {
        **samples.edited(ORGANISATION, "check_ins: weekly", "check_inz: weakly  # how often"),
        **samples.edited(CRM, "    columns:\n", "    colums:\n"),
    }
    samples.load(tmp_path, change)
    mend(tmp_path)
    assert load_project(tmp_path).problems == ()
    assert "check_ins: weekly  # how often" in (tmp_path / ORGANISATION).read_text()


def test_every_mistake_is_shown_where_it_stands(tmp_path: Path) -> None:
    """The carets of an excerpt stand below what was found, for every kind of mistake."""
    for case in CASES:
        folder = tmp_path / str(CASES.index(case))
        change = samples.edited(case.file, case.old, case.new)
        samples.write(folder, {**samples.FILES, case.file: str(change[case.file]).replace("§", "")})
        problems = [p for p in load_project(folder).problems if p.code == case.code]
        excerpt = Excerpts(folder).of(problems[0])
        if excerpt is None:
            assert case.code in ("clear-text-secret", "bad-reference", "yaml-syntax"), case.name
            continue
        marked = str(change[case.file])
        if "§" not in marked or case.code == "yaml-syntax":
            continue
        wanted = marked[marked.index("§") + 1 :]
        part = excerpt.text[excerpt.start : excerpt.start + excerpt.length]
        assert part, case.name
        assert wanted.startswith(part), case.name


def test_a_secret_is_in_no_form(tmp_path: Path) -> None:
    """A password in clear text is quoted by no form of output."""
    samples.load(tmp_path, samples.edited(CRM, "root: data/crm", "root: data/crm, token: hunter22"))
    for form in ("text", "json", "sarif", "github"):
        done = runner.invoke(app, ["check", "--project", str(tmp_path), "--format", form])
        assert done.exit_code == 1
        assert "clear-text-secret" in done.output
        assert "hunter22" not in done.output


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A project with an error and, from it, others."""
    samples.load(tmp_path, samples.edited(LEARNING_GOALS, "target: 90", 'target: "90 %, or so"'))
    return tmp_path


def test_text_shows_the_line(broken: Path) -> None:
    """The text has the place, the line, carets below the mistake, and what is legal."""
    done = runner.invoke(app, ["check", "--project", str(broken)])
    lines = done.output.splitlines()
    at = next(n for n, line in enumerate(lines) if "not-a-number" in line)
    assert lines[at].startswith(f"{LEARNING_GOALS}:")
    assert lines[at + 1].endswith('target: "90 %, or so"')
    assert lines[at + 2].rstrip().endswith("^" * len('"90 %, or so"'))
    assert lines[at + 2].index("^") == lines[at + 1].index('"90')


def test_annotations_escape_what_has_a_meaning(broken: Path) -> None:
    """Percent signs in messages, colons and commas in properties are encoded."""
    done = runner.invoke(app, ["check", "--project", str(broken), "--format", "github"])
    line = next(x for x in done.output.splitlines() if "not-a-number" in x)
    assert line.startswith(f"::error file={LEARNING_GOALS},line=")
    assert "90 %25, or so" in line


SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name", "rules"],
                                "properties": {"rules": {"uniqueItems": True, "items": {"required": ["id"]}}},
                            }
                        },
                    },
                    "results": {
                        "items": {
                            "required": ["message", "ruleId", "ruleIndex", "level", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "locations": {
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {"required": ["uri"]},
                                                    "region": {
                                                        "required": ["startLine"],
                                                        "additionalProperties": {"type": "integer", "minimum": 1},
                                                    },
                                                },
                                            }
                                        },
                                    }
                                },
                            },
                        }
                    },
                },
            },
        },
    },
}  # fmt: skip


def test_sarif_has_what_the_standard_asks_for(broken: Path) -> None:
    """The output meets the parts of SARIF 2.1.0's schema that it uses, and names its rules."""
    import jsonschema

    done = runner.invoke(app, ["check", "--project", str(broken), "--format", "sarif"])
    report = json.loads(done.stdout)
    jsonschema.validate(report, SARIF)
    run = report["runs"][0]
    rules = [r["id"] for r in run["tool"]["driver"]["rules"]]
    assert [rules[r["ruleIndex"]] for r in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert "not-a-number" in rules


def test_fix_shows_a_difference_beside_the_report(tmp_path: Path) -> None:
    """`--fix --json` prints the report alone on standard output, the difference elsewhere."""
    samples.load(tmp_path, samples.edited(LMS, "load: merge", "load: merg"))
    done = runner.invoke(app, ["check", "--project", str(tmp_path), "--fix", "--json"])
    assert "not-one-of" not in {p["code"] for p in json.loads(done.stdout)}
    assert "+    load: merge" in done.stderr
