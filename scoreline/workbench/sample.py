"""A few rows to begin with, where a person has no export at hand.

What belongs here: one small file. What does not: the example organisation (scoreline.example).
"""

from __future__ import annotations

from pathlib import Path

from scoreline.core.durable import write_whole

SAMPLE = "exports/course_results.csv"
_TEAMS = ("Sales", "Support", "Operations")
_RESULTS = ("passed", "passed", "failed", "passed", "in progress")


def write_sample(root: Path) -> Path:
    """Sixty results of a course, for three teams; kept if the file is there."""
    path = root / SAMPLE
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["Email,Team,Course,Result,Score"]
    for number in range(60):
        result = _RESULTS[number * 7 % 5 if number % 4 else 0]
        score = "" if result == "in progress" else str(55 + number * 13 % 45)
        team = _TEAMS[number % 3]
        lines.append(f"person{number:02}@company.example,{team},CRM-101,{result},{score}")
    write_whole(path, "\n".join(lines) + "\n")
    return path
