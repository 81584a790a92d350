"""OpenLineage events: legal by the specification, the same each time, and never in a run's way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flow_builders import ORGANISATION, Small
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from scoreline.cli.main import app
from scoreline.steps.run import run_all

SOURCE = """\
source: crm
connector: files
owner: tom@acme.example
description: What is sold.
options: {root: data}
streams:
  deals:
    options: {glob: "deals*.csv"}
    columns:
      id: {type: text, header: Deal ID}
      agent: {type: text, personal: pseudonym}
      amount: "decimal(9,2)"
      region: text
      day: date
    key: [id]
    load: merge
    event_time: day
    expect:
      - {type: expect_column_values_to_not_be_null, column: amount}
      - {type: expect_column_values_to_be_between, column: amount, min_value: 0, on_failure: warn}
"""
METRICS = """\
metrics:
  won: {title: Won, unit: number, owner: a@acme.example, from: models.big, measure: {sum: amount}, time: day, window: cycle, dimensions: [region]}
  deals: {title: Deals, unit: count, from: crm.deals, measure: {count: rows}, window: cycle}
  each: {title: Each, unit: number, derived: won / deals}
"""
MODEL = "SELECT amount, day, region FROM crm.deals WHERE amount > 5\n"
OBJECTIVES = """\
cycle: 2026-H2
team: learning
objectives:
  o:
    title: O
    owner: b@acme.example
    key_results:
      north: {title: North, metric: won, filter: {region: north}, baseline: 0, target: 200}
      mean: {title: Mean, metric: each, baseline: 0, target: 20}
      hand: {title: Hand, manual: true, baseline: 0, target: 9}
"""
DAY = "2026-11-20"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    """A project before its first run, and an environment that names no endpoint."""
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    made = Small(tmp_path)
    made.define(
        organisation=ORGANISATION,
        sources__crm=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__learning=OBJECTIVES,
    )
    made.write("okr_defs/models/big.sql", MODEL)
    deals(made, "deals1", "a,ann,60,north,2026-08-01", "b,bob,-1,south,2026-09-01")
    return made


def deals(small: Small, name: str, *rows: str) -> None:
    text = "Deal ID,agent,amount,region,day\n" + "".join(f"{row}\n" for row in rows)
    small.write(f"data/{name}.csv", text)


def declare(small: Small, lineage: str) -> None:
    small.define(organisation=f"{ORGANISATION}lineage: {lineage}\n")


def command(small: Small, *arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        app(["lineage", *arguments, "--project", str(small.root)])
    return int(end.value.code or 0)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def ended(events: list[dict[str, Any]], job: str) -> dict[str, Any]:
    """The last event of a job."""
    return [e for e in events if e["job"]["name"] == job][-1]


def _sql(events: list[dict[str, Any]], job: str) -> str:
    return str(ended(events, job)["job"]["facets"]["sql"]["query"])


def facets_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every facet of an event, wherever it stands."""
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for item in value.values():
            yield from facets_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from facets_in(item)


def test_events_are_legal(small: Small, shared: Path) -> None:
    """Every event, and every facet by its own schema, is legal by the specification's."""
    declare(small, "{file: out.jsonl}")
    small.run(DAY)
    small.write("data/deals2.csv", "wrong\n")
    small.run(DAY)
    spec = shared / "data/api_fixtures/openlineage/spec"
    files = [spec / "OpenLineage.json", *sorted((spec / "facets").glob("*.json"))]
    schemas = [json.loads(file.read_bytes()) for file in files]
    registry = Registry().with_resources((s["$id"], Resource.from_contents(s)) for s in schemas)

    def check(value: Any, schema: str) -> None:
        validator = Draft202012Validator(
            {"$ref": schema},
            registry=registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        validator.validate(value)

    events, seen = lines(small.root / "out.jsonl"), set()
    for event in events:
        check(event, event["schemaURL"])
        for facet in facets_in(event):
            check(facet, facet["_schemaURL"])
            seen.add(facet["_schemaURL"].rpartition("/")[2])
    assert seen >= {
        "SchemaDatasetFacet", "ColumnLineageDatasetFacet", "DataQualityAssertionsDatasetFacet",
        "SQLJobFacet", "DatasetVersionDatasetFacet", "SourceCodeJobFacet", "OwnershipJobFacet",
        "OwnershipDatasetFacet", "OutputStatisticsOutputDatasetFacet", "ParentRunFacet",
        "InputStatisticsInputDatasetFacet", "ProcessingEngineRunFacet", "TagsJobFacet",
        "NominalTimeRunFacet", "JobTypeJobFacet", "InputSubsetInputDatasetFacet", "TagsRunFacet",
    }  # fmt: skip
    states: dict[str, list[str]] = {}
    for event in events:
        states.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert {tuple(sorted(found)) for found in states.values()} == {("COMPLETE", "START")}


def test_what_the_events_say(small: Small) -> None:
    """Columns direct and indirect through a model, masked ones, checks, digests of the record."""
    declare(small, "{file: out.jsonl, namespace: ours}")
    small.run(DAY)
    events = lines(small.root / "out.jsonl")
    names = [e["job"]["name"] for e in events if e["eventType"] == "COMPLETE"]
    assert names == [
        "ingest crm.deals", "measure won", "measure deals", "measure each",
        "score 2026-H2/learning", "run",
    ]  # fmt: skip
    [output] = ended(events, "measure won")["outputs"]
    fields = output["facets"]["columnLineage"]["fields"]["value"]["inputFields"]
    ways = {f["field"]: {(t["type"], t["subtype"]) for t in f["transformations"]} for f in fields}
    assert ("DIRECT", "AGGREGATION") in ways["amount"]
    assert ("INDIRECT", "FILTER") in ways["amount"]
    assert ways["id"] == {("INDIRECT", "GROUP_BY")}
    assert ways["day"] == {("INDIRECT", "FILTER")}
    assert not ways.keys() & {"agent", "region"}
    assert "FROM crm.deals WHERE amount > 5" in _sql(events, "measure won")
    ingest = ended(events, "ingest crm.deals")
    agent = ingest["outputs"][0]["facets"]["columnLineage"]["fields"]["agent"]["inputFields"][0]
    assert agent["transformations"][0]["masking"] is True
    own = ingest["outputs"][0]["facets"]["columnLineage"]["fields"]["id"]["inputFields"][0]
    assert (own["namespace"], own["field"]) == ("file", "Deal ID")
    checks = ingest["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert {(c["column"], c["success"], c["severity"]) for c in checks} == {
        ("id", True, "error"), ("amount", True, "error"), ("amount", False, "warn"),
    }  # fmt: skip
    assert ingest["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert "ann" not in (small.root / "out.jsonl").read_text()
    score = ended(events, "score 2026-H2/learning")
    with small.open() as project:
        state = project.store.stream_state("crm.deals")
        records = {
            kr: s.digest for kr, s in project.store.latest_scores(date.fromisoformat(DAY)).items()
        }
    assert state is not None
    assert ingest["outputs"][0]["facets"]["version"]["datasetVersion"] == state.digest
    north = next(o for o in score["outputs"] if o["name"].endswith("/north"))
    assert north["facets"]["version"]["datasetVersion"] == records["2026-H2/learning/o/north"]
    acting = north["facets"]["columnLineage"]["fields"]["value"]["inputFields"]
    assert [(f["name"], f["field"]) for f in acting] == [
        ("metrics.won", "value"), ("crm.deals", "region"),
    ]  # fmt: skip
    parents = {e["run"]["facets"].get("parent", {}).get("run", {}).get("runId") for e in events}
    assert parents == {None, ended(events, "run")["run"]["runId"]}


def test_a_run_says_the_same_later(small: Small) -> None:
    """Made again after other runs, other data and definitions, the events are the same bytes."""
    declare(small, "{file: out.jsonl}")
    small.run(DAY)
    with small.open() as project:
        first = project.store.runs(1)[0].id
    before = (small.root / "out.jsonl").read_bytes()
    deals(small, "deals2", "c,cid,30,north,2026-10-01")
    small.define(metrics__m=METRICS.replace("sum: amount", "max: amount"))
    small.clock.moment += timedelta(days=1)
    small.run(DAY)
    small.define(metrics__m=METRICS)
    again = small.root / "again.jsonl"
    assert command(small, "--run", first, "--file", str(again)) == 0
    assert again.read_bytes() == before
    assert command(small, "--since", "2026-11-22", "--file", str(again)) == 0
    assert len({e["run"]["runId"] for e in lines(again)}) == 2 * 6


def test_where_events_go_changes_no_score(small: Small) -> None:
    """A place declared, moved or taken away is no new definition and gives no new records."""
    small.run(DAY)
    for place in ("{file: one.jsonl}", "{file: two.jsonl, namespace: ours}"):
        declare(small, place)
        report = small.run(DAY).scores
        assert report is not None
        assert not any(report.recorded.values())


class Endpoint:
    """A server that takes events, or answers with a status of ours."""

    def __init__(self) -> None:
        self.status, self.taken = 201, list[dict[str, Any]]()
        self.headers: list[str | None] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if endpoint.status == 201 and self.path == "/base/api/v1/lineage":
                    endpoint.taken.append(json.loads(body))
                    endpoint.headers.append(self.headers["Authorization"])
                self.send_response(endpoint.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/base"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint on this machine."""
    made = Endpoint()
    yield made
    made.stop()


def test_an_endpoint_that_fails_costs_no_run(
    small: Small, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The run is recorded and the trouble said, without the key; later it is sent with it."""
    monkeypatch.setenv("LINEAGE_KEY", "s3cret")
    declare(small, f'{{url: "{endpoint.url}", api_key: "${{env:LINEAGE_KEY}}"}}')
    endpoint.status = 422
    with small.open() as project:
        report = run_all(project, date.fromisoformat(DAY))
        assert not report.failed
        assert report.scores is not None
        assert report.scores.block is not None
        [words] = project.troubles
        assert "took 0 of 12 events: it answered 422" in words
        assert "scoreline lineage --run" in words
    assert command(small) == 3
    endpoint.status = 201
    assert command(small) == 0
    assert len(endpoint.taken) == 12
    assert set(endpoint.headers) == {"Bearer s3cret"}
    monkeypatch.delenv("LINEAGE_KEY")
    assert command(small) == 3
    shown = capsys.readouterr()
    assert "LINEAGE_KEY is not set" in shown.err
    assert "s3cret" not in shown.err + shown.out + words


def test_the_environment_names_an_endpoint(
    small: Small, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With OPENLINEAGE_URL every run is sent, by the client's own rules, without a declaration."""
    monkeypatch.setenv("OPENLINEAGE_URL", f"{endpoint.url}/")
    small.run(DAY)
    assert len(endpoint.taken) == 12


def test_columns_are_printed(small: Small, capsys: pytest.CaptureFixture[str]) -> None:
    """A metric's and a key result's columns, for people and programs; no events at once."""
    assert command(small, "north", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    found = {(u["column"], u["kind"], u["place"]) for u in said["uses"]}
    assert said["name"] == "2026-H2/learning/o/north"
    assert ("region", "INDIRECT", "metric won: filter") in found
    assert command(small, "won") == 0
    assert "models.big: WHERE" in capsys.readouterr().out
    assert command(small, "hand") == 0
    assert "depends on no column" in capsys.readouterr().out
    with pytest.raises(Exception, match="only printed"):
        app(["lineage", "won", "--file", "x", "-p", str(small.root)], standalone_mode=False)
    with pytest.raises(Exception, match="nothing ran yet"):
        app(["lineage", "-p", str(small.root)], standalone_mode=False)
