"""Problems as SARIF 2.1.0, for code hosts and dashboards that read it.

What belongs here: the format (OASIS, SARIF 2.1.0, sections 3.13 to 3.30). What does not:
finding problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scoreline.core.errors import Problem
from scoreline.workbench.excerpts import Excerpts

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(problems: Sequence[Problem], excerpts: Excerpts, version: str) -> dict[str, Any]:
    """One run with a rule for each code and a result for each problem."""
    codes = sorted({p.code for p in problems})
    levels = {p.code: p.severity for p in problems}
    rules = [
        {
            "id": code,
            "shortDescription": {"text": code.replace("-", " ")},
            "defaultConfiguration": {"level": levels[code]},
        }
        for code in codes
    ]
    driver = {"name": "Scoreline", "version": version, "rules": rules}
    places = {"SRCROOT": {"description": {"text": "The folder that holds okr_defs."}}}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": places,
        "results": [_result(p, codes.index(p.code), excerpts) for p in problems],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(problem: Problem, rule: int, excerpts: Excerpts) -> dict[str, Any]:
    location: dict[str, Any] = {
        "artifactLocation": {"uri": problem.place.file, "uriBaseId": "SRCROOT"}
    }
    if problem.place.line:
        location["region"] = _region(problem, excerpts)
    key = "/".join((problem.code, problem.scope or problem.place.file, problem.found))
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": in_one(problem)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"scoreline/v1": key},
    }


def _region(problem: Problem, excerpts: Excerpts) -> dict[str, int]:
    place = problem.place
    region = {"startLine": place.line, "startColumn": max(place.column, 1)}
    excerpt = excerpts.of(problem)
    if excerpt is not None:
        region["endColumn"] = region["startColumn"] + excerpt.length
    return region


def in_one(problem: Problem) -> str:
    """The whole of a problem as one text."""
    parts = [problem.message]
    parts += [f"Found: {problem.found}"] if problem.found else []
    parts += [f"Legal: {problem.legal}"] if problem.legal else []
    parts += [problem.hint] if problem.hint else []
    return ". ".join(part[:1].upper() + part[1:] for part in parts)
