"""The sample, the design's example and the project's own schemas."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import definition_samples as samples
import jsonschema
import pytest

from scoreline.core.model import (
    Aggregate,
    BaselineAt,
    ColumnType,
    CurvePoint,
    Done,
    Duration,
    Keep,
    Milestones,
    Plan,
    Ratio,
    Reach,
    TargetChange,
    Window,
)
from scoreline.definitions.documents import plain
from scoreline.definitions.project import FOLDER, load_project
from scoreline.definitions.schemas import committed, json_schemas, schema_text
from scoreline.definitions.yamlio import read_document

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    loading = samples.load(tmp_path)
    assert loading.problems == (), samples.shown(loading.problems)
    assert loading.plan is not None
    return loading.plan


def test_every_file_is_listed_with_its_digest(tmp_path: Path) -> None:
    """Each file appears once, with its kind, ok, and the SHA-256 of its bytes."""
    loading = samples.load(tmp_path)
    assert [f.path for f in loading.files] == sorted(samples.FILES)
    assert {f.kind for f in loading.files} == {
        "organisation", "source", "model", "metrics", "objectives",
    }  # fmt: skip
    assert all(f.ok and re.fullmatch("[0-9a-f]{64}", f.digest) for f in loading.files)


def test_a_stream_resolves_with_its_types_and_defaults(plan: Plan) -> None:
    """Column types, formats, null values, freshness and arguments arrive as written."""
    stream = plan.streams["lms.completions"]
    score = stream.column("score")
    assert score is not None
    assert (score.type, score.null_values) == (ColumnType("decimal", 5, 2), ("", "?"))
    assert stream.fresh_within == Duration(2, "workdays")
    assert stream.schema_contract.shrink_below == Decimal("0.8")
    assert stream.expect[1].arguments["min_value"] == Decimal("0.5")
    assert stream.expect[1].arguments["max_value"] == 100
    assert plan.streams["lms.roster"].key == ("learner_id",)
    assert plan.streams["crm.opportunities"].load == "append"
    assert plan.organisation.pseudonym_key == "${env:PSEUDONYM_KEY}"


def test_metrics_resolve_to_measures_windows_and_dimensions(plan: Plan) -> None:
    """Time comes from the stream, a derived metric has the dimensions its parts share."""
    proficient = plan.metrics["proficient_staff"]
    assert proficient.measure == Aggregate("count_distinct", "learner_id", "score >= 85")
    assert (proficient.time, proficient.window) == ("completed_at", Window("cycle"))
    assert proficient.settle_days == 3
    rate = plan.metrics["proficiency_rate"]
    assert (rate.dimensions, rate.settle_days, rate.from_) == (("team",), 3, None)
    assert plan.metrics["won_revenue"].window == Window("trailing", days=90)
    assert isinstance(plan.metrics["win_rate"].measure, Ratio)
    assert plan.metrics["best_average"].time is None
    assert plan.models["models.best_scores"].reads == ("lms.completions", "lms.roster")


def test_key_results_of_every_kind_resolve(plan: Plan) -> None:
    """Reach, curve, baseline on a day, keep, manual, milestones, done and withdrawn."""
    prefix = "2026-H2/learning/crm-fluency"
    found = {name.removeprefix(f"{prefix}/"): k for name, k in plan.key_results.items()}
    assert found["proficiency"].kind == Reach(Decimal(35), Decimal(90))
    assert found["proficiency"].expected.kind == "waypoints"
    curved = found["team-proficiency"]
    assert isinstance(curved.kind, Reach)
    assert curved.kind.curve == (CurvePoint(Decimal(60), Decimal("0.3")),)
    assert curved.filter == (("team", ("company", "learning")),)
    assert (curved.start, curved.due) == (date(2026, 7, 1), date(2026, 11, 30))
    change = TargetChange(Decimal(20), percent=True)
    assert found["growth"].kind == Reach(BaselineAt(date(2026, 6, 30)), change)
    assert found["steady"].kind == Keep(at_least=Decimal("33.5"), every="month")
    assert found["mood"].manual
    assert found["mood"].owner == "maya.chen@acme.example"
    assert isinstance(found["rollout"].kind, Milestones)
    assert found["signed"].kind == Done(None)
    assert found["old-idea"].withdrawn is not None


def test_the_order_is_that_of_the_definitions(plan: Plan) -> None:
    """Objectives follow the organisation's teams, key results their file."""
    assert list(plan.objectives) == [
        "2026-H2/company/digital-operations",
        "2026-H2/learning/crm-fluency",
    ]
    names = [name.rsplit("/", 1)[1] for name in plan.key_results]
    assert names[:3] == ["proficiency", "team-proficiency", "growth"]
    supports = plan.objectives["2026-H2/learning/crm-fluency"].supports
    assert supports == "2026-H2/company/digital-operations"


def test_places_point_at_the_objects(plan: Plan) -> None:
    """An object's place is the line and column of its key."""
    place = plan.metrics["won_revenue"].place
    assert (place.file, place.line, place.column) == (samples.SALES, 2, 3)
    stream = plan.streams["lms.completions"].place
    assert (stream.line, stream.column) == (6, 3)


def test_country_codes_become_days(tmp_path: Path) -> None:
    """`holidays: DE-BE` holds Berlin's own holiday in the cycles' years and one around."""
    old = "holidays: [2026-10-03, 2026-12-25]"
    loading = samples.load(tmp_path, samples.edited(samples.ORGANISATION, old, "holidays: DE-BE"))
    assert loading.plan is not None, samples.shown(loading.problems)
    days = loading.plan.organisation.holidays
    assert {date(2026, 3, 8), date(2024, 10, 3), date(2027, 12, 25)} <= days
    assert date(2028, 12, 25) not in days


def test_evaluate_takes_a_fixed_day(tmp_path: Path) -> None:
    """A pinned example names its day."""
    change = samples.edited(samples.ORGANISATION, "evaluate: last_complete_day",
                            "evaluate: 2026-11-20")  # fmt: skip
    plan = samples.load(tmp_path, change).plan
    assert plan is not None
    assert plan.organisation.evaluate == date(2026, 11, 20)


def test_the_designs_example_loads(tmp_path: Path, shared: Path) -> None:
    """Every block of the design page loads, once what it refers to is declared beside it."""
    page = (shared / "design" / "definitions.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^## ([\w/.-]+\.yaml)\n```yaml\n(.*?)^```", page, re.S | re.M))
    assert len(blocks) == 4
    files: dict[str, str | bytes] = {f"{FOLDER}/{name}": text for name, text in blocks.items()}
    files[f"{FOLDER}/sources/hr.yaml"] = (
        "source: hr\nconnector: files\nstreams:\n  staff:\n    columns: {id: text, team: text,"
        " status: text}\n    key: id\n    load: replace\n"
    )
    files[samples.CRM] = samples.FILES[samples.CRM]
    files[f"{FOLDER}/metrics/more.yaml"] = "metrics:\n" + "".join(
        f"  {name}:\n    title: {name}\n    from: lms.completions\n    measure: {{count: rows}}\n"
        for name in ("crm_tickets_per_user", "regions_live")
    )
    files[samples.COMPANY_GOALS] = samples.FILES[samples.COMPANY_GOALS]
    samples.write(tmp_path, files)
    loading = load_project(tmp_path)
    assert loading.problems == (), samples.shown(loading.problems)
    assert loading.plan is not None
    assert len(loading.plan.key_results) == 4


@pytest.mark.parametrize("kind", ["organisation", "source", "metrics", "objectives"])
def test_the_committed_schema_is_current(kind: str) -> None:
    """The committed file is what the specs generate now."""
    assert committed(kind) == schema_text(json_schemas()[kind])


def _kind(name: str) -> str:
    folder = name.removeprefix(f"{FOLDER}/").split("/")[0]
    return {"organisation.yaml": "organisation", "sources": "source"}.get(folder, folder)


def _json(raw: bytes) -> object:
    """As an editor sees the file: numbers are numbers."""
    return json.loads(json.dumps(plain(read_document(raw, "x").data), default=float))


@pytest.mark.parametrize("name", [n for n in samples.FILES if n.endswith(".yaml")])
def test_schemas_accept_the_sample(name: str) -> None:
    """What loads is what an editor accepts."""
    schema = json.loads(committed(_kind(name)))
    jsonschema.validate(_json(samples.FILES[name].encode()), schema)


def test_the_projects_own_definitions_load_and_fit_their_schemas() -> None:
    """Every example file is without errors, names its schema, and the schema accepts it."""
    loading = load_project(ROOT)
    assert loading.problems == (), samples.shown(loading.problems)
    for file in (f for f in loading.files if f.kind != "model"):
        path = ROOT / file.path
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert named, f"{file.path} names no schema"
        schema = (path.parent / named[1]).resolve()
        assert schema == ROOT / f"scoreline/definitions/schemas/{_kind(file.path)}.json"
        jsonschema.validate(_json(path.read_bytes()), json.loads(schema.read_text("utf-8")))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (samples.ORGANISATION, "check_ins: weekly", "check_ins: dayly"),
        (samples.LMS, "connector: files", "conector: files"),
        (samples.LMS, "load: merge", "load: upsert"),
        (samples.LEARNING, "settle: 3d", "settle: 3"),
        (samples.LEARNING_GOALS, "weight: 2", "weight: 0"),
        (samples.LEARNING_GOALS, "keep: {at_least: 33.5", "keep: {minimum: 33.5"),
    ],
)
def test_schemas_refuse_what_loading_refuses(name: str, old: str, new: str) -> None:
    """An editor marks a typical mistake before anything runs."""
    text = samples.edited(name, old, new)[name]
    assert isinstance(text, str)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_json(text.encode()), json.loads(committed(_kind(name))))
