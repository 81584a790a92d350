"""What a random project should say on a day, and where the product says something else."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from judge_kinds import CYCLE, TEAMS, World
from judge_oracle import number_of, part_of, roll_up, score, shown


def key_results(world: World, a: date) -> dict[str, dict[str, Any]]:
    """Every key result's answer on a day."""
    return {name: score(kr, a, world.lookup, world.org) for name, kr in world.krs.items()}


def lines(world: World, answers: dict[str, dict[str, Any]], a: date) -> dict[str, dict[str, Any]]:
    """Objectives, teams, the organisation on a day."""
    found: dict[str, dict[str, Any]] = {}

    def objective(name: str) -> dict[str, Any]:
        if name in found:
            return found[name]
        o = world.objectives[name]
        parts: list[dict[str, Any]] = []
        if o["roll_up"] in ("key_results", "both"):
            for key in o["key_results"]:
                kr = world.krs[key]
                parts.append(part_of(kr, answers[key]))
        if o["roll_up"] in ("children", "both"):
            for child, c in world.objectives.items():
                if c["supports"] == name:
                    parts.append({**objective(child), "weight": c["weight"] or Fraction(1)})
        found[name] = roll_up(parts, o["status_rule"], a, world.org)
        return found[name]

    for name in world.objectives:
        objective(name)
    for team in TEAMS:
        parts = [
            {**found[n], "weight": o["weight"] or Fraction(1)}
            for n, o in world.objectives.items()
            if o["team"] == team
        ]
        found[f"{CYCLE}/{team}"] = roll_up(parts, "weighted", a, world.org)
    parts = [{**found[f"{CYCLE}/{t}"], "weight": Fraction(1)} for t in TEAMS]
    found[CYCLE] = roll_up(parts, "weighted", a, world.org)
    return found


def wrong_key_results(
    world: World, answers: dict[str, dict[str, Any]], said: dict[str, dict[str, Any]]
) -> list[Any]:
    """Field by field."""
    wrong: list[Any] = []
    for name, answer in answers.items():
        row, kr = said[name], world.krs[name]
        wanted: dict[str, Any] = {"status": answer["status"]}
        if answer["status"] not in ("held", "withdrawn", "not_started"):
            value = answer["value"]
            wanted["value"] = shown(number_of(value))
            if value is not None and value[1] is not None:
                wanted["numerator"] = Fraction(value[0])
                wanted["denominator"] = Fraction(value[1])
            wanted["progress"] = shown(answer["progress"])
            wanted["expected"] = shown(answer["expected"])
        for key, right in wanted.items():
            found = row[key]
            if isinstance(right, Fraction) and found is not None:
                found = Fraction(found)
            if found != right:
                wrong.append((name, kr["kind"], key, str(found), str(right), row["status"]))
    return wrong


def wrong_lines(found: dict[str, dict[str, Any]], said: dict[str, dict[str, Any]]) -> list[Any]:
    """Field by field."""
    wrong: list[Any] = []
    for name, answer in found.items():
        for key in ("status", "progress", "expected", "coverage"):
            right = answer[key] if key == "status" else shown(answer[key])
            if said[name][key] != right:
                wrong.append((name, key, said[name][key], right))
    return wrong
