"""Blocked batches, decisions of people, freshness and `latest`, over three runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from judge_projects import Outside

TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
BLOCKING = [{"type": "expect_column_values_to_not_be_null", "column": "amount"}]
GATED = ("rel", "rej", "sup", "que", "twice")


def ago(days: int) -> str:
    """A day before today."""
    return str(TODAY - timedelta(days=days))


def stream(name: str, **more: Any) -> dict[str, Any]:
    """A stream of (id, amount, at)."""
    return {
        "options": {"glob": f"{name}_*.csv"},
        "columns": {"id": "text", "amount": "decimal(9,2)", "at": "date"},
        "key": ["id"],
        "load": "merge",
        "event_time": "at",
        **more,
    }


def lines(*rows: tuple[str, str, str]) -> str:
    """An export."""
    return "\n".join(["id,amount,at", *(",".join(r) for r in rows)]) + "\n"


def streams() -> dict[str, Any]:
    """All streams."""
    made = {name: stream(name, expect=BLOCKING) for name in GATED}
    made["old_hours"] = stream("old", fresh_within="36h")
    made["new_hours"] = stream("new", fresh_within="36h")
    made["old_workdays"] = stream("old", fresh_within="2 workdays")
    made["old_enough"] = stream("old", fresh_within="30 workdays")
    made["old_extract"] = stream("old", fresh_within="36h", fresh_by="extract")
    kept = {"schema_contract": {"shrink_below": 0.1}, "event_time": None}
    made["plain_list"] = stream("list", load="replace", **kept)
    made["dated_list"] = stream("list", load="replace", history=True, **kept)
    for body in made.values():
        if body["event_time"] is None:
            del body["event_time"]
    return made


def metrics() -> dict[str, Any]:
    """A sum for each stream; two that leave their unit."""
    made: dict[str, Any] = {}
    for name in streams():
        made[name] = {"from": f"s.{name}", "measure": {"sum": "amount"}, "window": "all"}
        if name.endswith("_list"):
            made[name] |= {"measure": {"count": "rows"}, "window": "latest"}
    made["over"] = {
        "from": "s.rel",
        "measure": {"ratio": {"numerator": {"sum": "amount"}, "denominator": {"count": "rows"}}},
        "window": "all",
        "unit": "share",
    }
    made["half"] = {
        "from": "s.new_hours",
        "measure": {"sum": "amount"},
        "window": "all",
        "unit": "count",
    }
    base = {"title": "T", "owner": "a@x.example", "unit": "number"}
    return {name: {**base, **body} for name, body in made.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A project, not yet run."""
    made = Outside(tmp_path_factory.mktemp("gate"))
    cycle = {"start": ago(100), "end": str(TODAY + timedelta(days=60))}
    org = {"organisation": "J", "timezone": "UTC", "cycles": {"now": cycle}, "teams": {"t": {}}}
    made.define("organisation", org)
    made.define(
        "sources/s",
        {"source": "s", "connector": "files", "options": {"root": "data"}, "streams": streams()},
    )
    made.define("metrics/m", {"metrics": metrics()})
    krs: dict[str, Any] = {n.replace("_", "-"): {"metric": n} for n in metrics()}
    krs |= {"hand": {"manual": True}, "hand-old": {"manual": True}, "hand-none": {"manual": True}}
    krs["change"] = {
        "metric": "new_hours",
        "baseline": {"at": ago(40)},
        "target": {"change": "+20%"},
    }
    krs["absolute"] = {"metric": "new_hours", "baseline": {"at": ago(40)}, "target": {"change": 5}}
    common = {"title": "T", "owner": "a@x.example", "baseline": 0, "target": 100}
    krs = {name: {**common, **body} for name, body in krs.items()}
    objective = {"title": "O", "owner": "a@x.example", "key_results": krs}
    made.define("objectives/now/t", {"cycle": "now", "team": "t", "objectives": {"o": objective}})
    for name in GATED:
        made.write(f"data/{name}_1.csv", lines(("a", "60", ago(9)), ("b", "60", ago(8))))
    made.write("data/old_1.csv", lines(("a", "10", ago(9))))
    made.write("data/new_1.csv", lines(("z", "40", ago(50)), ("a", "2.5", ago(1))))
    made.write("data/list_1.csv", lines(("a", "1", ago(9)), ("b", "1", ago(9))))
    return made


def first(project: Outside) -> None:
    """A first run: freshness, units, baselines, `latest`."""
    project.call("checkin", "now/t/o/hand", "--value", "30", "--date", ago(13))
    project.call("checkin", "now/t/o/hand", "--value", "50", "--date", ago(2))
    project.call("checkin", "now/t/o/hand-old", "--value", "30", "--date", ago(16))
    project.run(str(YESTERDAY))
    said = project.short(str(YESTERDAY))
    found = {name: (row["value"], row["status"]) for name, row in said.items()}
    off = "off_track"
    assert found["hand"] == ("50.000000", "at_risk")
    assert found["hand-old"] == ("30.000000", "stale")
    assert found["hand-none"] == (None, "no_data")
    assert found["old-hours"] == ("10.000000", "stale")
    assert found["old-workdays"] == ("10.000000", "stale")
    assert found["old-enough"] == ("10.000000", off)
    assert found["old-extract"] == ("10.000000", off)
    assert found["new-hours"] == ("42.500000", off)
    assert found["half"][1] == "held"
    assert found["rel"] == ("120.000000", "achieved")
    assert found["over"] == ("6000.000000", "held") or found["over"] == (None, "held")
    assert found["plain-list"][0] == found["dated-list"][0] == "2.000000"
    assert (said["change"]["baseline"], said["change"]["target"]) == ("40", "48")
    assert (said["absolute"]["baseline"], said["absolute"]["target"]) == ("40", "45")
    assert said["absolute"]["progress"] == "0.500000"


def test_what_waits_is_held_and_people_decide(project: Outside) -> None:
    """Held with the last good value; then released, rejected, superseded, queued."""
    first(project)
    for name in GATED:
        project.write(f"data/{name}_2.csv", lines(("c", "", ago(3)), ("d", "7", ago(3))))
    project.write("data/que_3.csv", lines(("e", "11", ago(2))))
    project.write(
        "data/list_2.csv", lines(("a", "1", ago(1)), ("c", "1", ago(1)), ("d", "1", ago(1)))
    )
    project.call(
        "checkin",
        "now/t/o/twice",
        "--override",
        "99",
        "--until",
        str(TODAY),
        "--reason",
        "known",
        "--approver",
        "b@x.example",
        "--date",
        ago(1),
    )
    project.run(str(YESTERDAY), code=3)
    said = project.short(str(YESTERDAY))
    for name in ("rel", "rej", "sup", "que"):
        row = said[name]
        assert (row["status"], row["value"], row["progress"]) == ("held", "120.000000", "1.200000")
    assert (said["twice"]["value"], said["twice"]["progress"]) == ("99.000000", "0.990000")
    assert said["plain-list"]["value"] == "3.000000"
    assert project.short(ago(2))["plain-list"]["value"] is None
    decide(project)


def decide(project: Outside) -> None:
    """Release, reject, supersede; the rest waits on."""
    found = project.call("batches", "list", "--json")
    batches = found.data
    blocked = {b["stream"].split(".")[-1]: b["id"] for b in batches if b["state"] == "blocked"}
    assert set(blocked) == set(GATED), batches
    assert project.call("batches", "release", blocked["rel"], "--reason", "fine").code == 0
    assert project.call("batches", "reject", blocked["rej"], "--reason", "wrong").code == 0
    project.write("data/sup_2.csv", lines(("c", "5", ago(3)), ("d", "7", ago(3))))
    project.run(str(YESTERDAY), code=3)
    said = project.short(str(YESTERDAY))
    found_now = {n: (said[n]["value"], said[n]["status"]) for n in ("rel", "rej", "sup", "que")}
    assert found_now == {
        "rel": ("127.000000", "achieved"),
        "rej": ("120.000000", "achieved"),
        "sup": ("132.000000", "achieved"),
        "que": ("120.000000", "held"),
    }
    proof = project.call("verify", "--json")
    assert proof.code == 0, proof.out[-2000:]
