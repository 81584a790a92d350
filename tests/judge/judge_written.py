"""A random project as files: definitions and its one export. Not here: what is in it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from judge_kinds import CYCLE, END, HOLIDAYS, MEASURES, START, TEAMS, UNITS, World
from judge_projects import Outside


def plain(number: Fraction) -> Any:
    """A number for JSON, exact where it is short."""
    return int(number) if number.denominator == 1 else float(number)


def keyed(kr: dict[str, Any]) -> dict[str, Any]:
    """A key result as it is written."""
    out: dict[str, Any] = {"title": "T", "owner": "a@x.example", "weight": plain(kr["weight"])}
    for name, usual in (("start", START), ("due", END)):
        if kr[name] != usual:
            out[name] = str(kr[name])
    if kr["cap"] != 1:
        out["cap"] = plain(kr["cap"])
    if kr.get("withdrawn"):
        out["withdrawn"] = {"date": str(kr["withdrawn"]), "why": "dropped"}
    if "metric" in kr:
        out |= {"metric": kr["metric"], "filter": kr["filter"]}
    if kr["kind"] in ("reach", "curve"):
        out |= goal(kr)
    return out | course(kr)


def course(kr: dict[str, Any]) -> dict[str, Any]:
    """What only some kinds have, as it is written."""
    out: dict[str, Any] = {}
    if kr["kind"] == "curve":
        out["curve"] = [{"value": plain(v), "progress": plain(p)} for v, p in kr["curve"]]
    if kr["kind"] == "keep":
        names = ("every", "exclusive", "at_least", "at_most", "pass")
        out["keep"] = {
            n: plain(kr[n]) if isinstance(kr[n], Fraction) else kr[n] for n in names if n in kr
        }
    if "milestones" in kr:
        out["milestones"] = [milestone(m) for m in kr["milestones"]]
    if kr["kind"] == "done":
        out["done"] = str(kr["done"]) if kr["done"] else False
    return out


def goal(kr: dict[str, Any]) -> dict[str, Any]:
    """Baseline, target and the expected curve as they are written."""
    expected = kr["expected"]
    if isinstance(expected, list):
        expected = {"waypoints": [{"date": str(d), "progress": plain(p)} for d, p in expected]}
    return {
        "baseline": plain(kr["baseline"]),
        "target": plain(kr["target"]),
        "expected": expected,
    }


def milestone(item: dict[str, Any]) -> dict[str, Any]:
    """A milestone as it is written."""
    out = {"title": "M", "weight": plain(item["weight"]), "due": str(item["due"])}
    if "done" in item:
        out["done"] = str(item["done"])
    if "done_when" in item:
        out["done_when"] = {
            k: plain(v) if isinstance(v, Fraction) else v for k, v in item["done_when"].items()
        }
    return out


def write(world: World, outside: Outside) -> None:
    """The project's definitions and its one export."""
    teams = {t: {"lead": "a@x.example", **({"parent": p} if p else {})} for t, p in TEAMS.items()}
    outside.define(
        "organisation",
        {
            "organisation": "Judge",
            "timezone": "Europe/Berlin",
            "cycles": {CYCLE: {"start": str(START), "end": str(END)}},
            "thresholds": {"on_track": 0.85, "at_risk": 0.60, "grace": 0.15},
            "holidays": [str(d) for d in HOLIDAYS],
            "teams": teams,
        },
    )
    columns = {
        "id": "text",
        "series": "text",
        "amount": "decimal(9,2)",
        "won": "boolean",
        "on": "date",
    }
    outside.define(
        "sources/src",
        {
            "source": "src",
            "connector": "files",
            "options": {"root": "data"},
            "schedule": "0 5 * * *",
            "streams": {
                "events": {
                    "options": {"glob": "events*.csv"},
                    "columns": columns,
                    "key": ["id"],
                    "load": "append",
                    "event_time": "on",
                }
            },
        },
    )
    metrics: dict[str, Any] = {
        name: {
            "title": name,
            "owner": "a@x.example",
            "unit": UNITS[name],
            "from": "src.events",
            "dimensions": ["series"],
            **body,
        }
        for name, body in MEASURES.items()
    }
    for kr in world.krs.values():
        for item in kr.get("milestones", ()):
            if "done_when" in item:
                series = item["filter"]["series"][0]
                metrics[item["done_when"]["metric"]] = {
                    "title": "T",
                    "owner": "a@x.example",
                    "unit": "number",
                    "from": "src.events",
                    "measure": {"sum": "amount", "where": f"series = '{series}'"},
                    "window": "all",
                }
    outside.define("metrics/all", {"metrics": metrics})
    for team in TEAMS:
        mine = {n: o for n, o in world.objectives.items() if o["team"] == team}
        body = {n.rsplit("/", 1)[1]: objective(n, o, world) for n, o in mine.items()}
        if body:
            outside.define(
                f"objectives/{CYCLE}/{team}", {"cycle": CYCLE, "team": team, "objectives": body}
            )
    lines, number = ["id,series,amount,won,on"], 0
    for series, rows in world.rows.items():
        for day, amount, won in rows:
            number += 1
            lines.append(f"e{number},{series},{amount},{str(won).lower()},{day}")
    lines.append("elast,none,1,true,2025-11-01")
    outside.write("data/events.csv", "\n".join(lines) + "\n")


def objective(name: str, o: dict[str, Any], world: World) -> dict[str, Any]:
    """An objective as it is written."""
    out: dict[str, Any] = {"title": name, "owner": "a@x.example"}
    out["status_rule"], out["roll_up"] = o["status_rule"], o["roll_up"]
    if o["weight"]:
        out["weight"] = plain(o["weight"])
    if o["supports"]:
        out["supports"] = "/".join(o["supports"].split("/")[1:])
    out["key_results"] = {k.rsplit("/", 1)[1]: keyed(world.krs[k]) for k in o["key_results"]}
    return out
