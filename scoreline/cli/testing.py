"""`test`.

What belongs here: running the tests of metrics, printing them, JUnit's XML. What does not:
what a test is (definitions.metric_tests), how it is run (steps.testing).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from scoreline.cli.console import console, print_json, safe, table
from scoreline.core.errors import Problem, UsageError
from scoreline.definitions.metric_tests import MetricTest, load_tests
from scoreline.definitions.project import problems_as_json
from scoreline.steps.planning import load_plan
from scoreline.steps.testing import Outcome, UsedRows, run_tests

FINDING = 1
_LONGEST = 30


def run_project_tests(root: Path, names: Sequence[str], junit: Path | None, json: bool) -> int:
    """Run the tests of a project's metrics.

    Returns:
        1 where a test fails or a test's file has a mistake; else 0.
    """
    began = time.monotonic()
    plan = load_plan(root.resolve()).plan
    tests, problems = load_tests(root.resolve(), plan)
    outcomes = run_tests(plan, _chosen(tests, names))
    if junit is not None:
        _write_junit(outcomes, problems, junit)
    if json:
        print_json(_as_json(outcomes, problems))
    else:
        _print(outcomes, problems, time.monotonic() - began)
    return FINDING if problems or any(not o.passed for o in outcomes) else 0


def _chosen(tests: list[MetricTest], names: Sequence[str]) -> list[MetricTest]:
    if not names:
        return tests
    found = [t for t in tests if any(n in (t.name, t.metric, t.topic) for n in names)]
    if not found:
        known = ", ".join(dict.fromkeys(t.topic for t in tests)) or "none"
        raise UsageError(
            f"no test is called {names[0]!r}, and none is of such a metric or file; files: {known}"
        )
    return found


def _print(outcomes: list[Outcome], problems: list[Problem], seconds: float) -> None:
    out = console()
    for problem in problems:
        out.print(f"[red]error[/] {safe(problem)}")
    for outcome in outcomes:
        mark = "[green]✔[/]" if outcome.passed else "[red]✘[/]"
        test = outcome.test
        title = f"  [dim]{safe(test.title)}[/]" if test.title else ""
        out.print(f"{mark} {safe(test.topic)} [bold]{safe(test.name)}[/]{title}")
        if not outcome.passed:
            _print_failure(outcome, out)
    if not outcomes and not problems:
        out.print(
            "There are no tests: okr_defs/tests/<topic>.yaml has them "
            "(docs/test-metrics.md shows how)"
        )
        return
    failed = sum(not o.passed for o in outcomes)
    words = f"[red]{failed} failed[/], " if failed else ""
    wrong = f"[red]{len(problems)} mistakes in the files[/], " if problems else ""
    out.print(f"\n{wrong}{words}{len(outcomes) - failed} passed in {seconds:.1f} s")


def _print_failure(outcome: Outcome, out: Any) -> None:
    out.print(f"    [dim]{safe(outcome.test.place)}[/]")
    if outcome.error is not None:
        out.print(f"    {safe(outcome.error)}")
        return
    for compared in outcome.compared:
        if not compared.ok:
            out.print(
                f"    {safe(compared.label)}: expected [green]{safe(compared.expected)}[/], "
                f"found [red]{safe(compared.found)}[/]"
            )
    for used in outcome.used:
        _print_used(used, outcome.test, out)


def _print_used(used: UsedRows, test: MetricTest, out: Any) -> None:
    given = sum(map(len, test.rows.values()))
    out.print(
        f"    {used.count} of {given} given rows count for {safe(used.metric)} "
        f"on {test.as_of} (of {safe(used.relation)})"
    )
    if used.rows:
        cells = [["–" if c is None else safe(c[:_LONGEST]) for c in row] for row in used.rows]
        out.print(table("", ["   ", *map(safe, used.columns)], [["", *row] for row in cells]))


def _as_json(outcomes: list[Outcome], problems: list[Problem]) -> dict[str, Any]:
    return {
        "passed": sum(o.passed for o in outcomes),
        "failed": sum(not o.passed for o in outcomes),
        "problems": problems_as_json(problems),
        "tests": [
            {
                "topic": o.test.topic,
                "name": o.test.name,
                "metric": o.test.metric,
                "place": str(o.test.place),
                "passed": o.passed,
                "error": o.error,
                "compared": [
                    {"what": c.label, "expected": c.expected, "found": c.found, "ok": c.ok}
                    for c in o.compared
                ],
                "rows": [
                    {
                        "metric": u.metric,
                        "relation": u.relation,
                        "count": u.count,
                        "columns": list(u.columns),
                        "rows": [list(row) for row in u.rows],
                    }
                    for u in o.used
                ],
            }
            for o in outcomes
        ],
    }


def _write_junit(outcomes: list[Outcome], problems: list[Problem], path: Path) -> None:
    """Write the results as JUnit's XML, a mistake in a file as an error."""
    failures = sum(not o.passed and o.error is None for o in outcomes)
    errors = sum(o.error is not None for o in outcomes) + len(problems)
    counts = {"tests": str(len(outcomes) + len(problems)), "failures": str(failures)}
    suite = Element("testsuite", {"name": "scoreline", **counts, "errors": str(errors)})
    for outcome in outcomes:
        case = SubElement(
            suite, "testcase", {"classname": outcome.test.topic, "name": outcome.test.name}
        )
        if not outcome.passed:
            words = [outcome.error] if outcome.error else []
            words += [
                f"{c.label}: expected {c.expected}, found {c.found}"
                for c in outcome.compared
                if not c.ok
            ]
            kind = "error" if outcome.error else "failure"
            made = SubElement(case, kind, {"message": _legal("; ".join(words))})
            made.text = _legal(f"{outcome.test.place}\n" + "\n".join(words))
    for problem in problems:
        case = SubElement(
            suite, "testcase", {"classname": problem.place.file, "name": _legal(problem.scope)}
        )
        SubElement(case, "error", {"message": _legal(problem.message)}).text = _legal(str(problem))
    indent(suite)
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder: name a file in a folder that is there")
    ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _legal(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
