"""Statements of video players (xAPI): nested JSON, packed, read by a model."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flow_builders import Small
from real_world import exact, over, plain, project, score_all, streams

from scoreline.quality.gx import GxValidator

DAYS = ["2021-11-23", "2021-11-24", "2021-11-28", "2021-12-01"]
SOURCE = """\
source: lrs
connector: files
options: {{root: "{root}"}}
streams:
  statements:
    options: {{glob: "statements*.json.gz", format: ndjson}}
    columns:
      id: text
      at: {{type: timestamp, header: timestamp}}
      actor: json
      verb: json
      object: json
      result: json
      context: json
    key: [id]
    load: append
    event_time: at
    expect:
      - {{type: expect_column_values_to_not_be_null, column: actor}}
  private:
    options: {{glob: "statements*.json.gz", format: ndjson}}
    columns:
      id: text
      at: {{type: timestamp, header: timestamp}}
      actor: {{type: text, personal: pseudonym}}
    key: [id]
    load: append
    event_time: at
"""
MODEL = """\
select
  id,
  at,
  json_extract_string(actor, '$.account.name') as learner,
  verb ->> '$.id' as verb,
  json_extract_string(object, '$.id') as video,
  json_extract_string(context, '$.contextActivities.parent[0].id') as course,
  cast(
    json_extract_string(result, '$.extensions."https://w3id.org/xapi/video/extensions/progress"')
    as decimal(18, 6)
  ) as progress
from lrs.statements
"""
VERB = "https://w3id.org/xapi/video/verbs/"
METRICS = """\
metrics:
  statements: {title: S, unit: count, from: lrs.statements, measure: {count: rows}, window: all}
  on_day: {title: S, unit: count, from: lrs.statements, measure: {count: rows}, window: day}
  with_result: {title: S, unit: count, from: lrs.statements, measure: {count: rows, where: "result is not null"}, window: all}
  private: {title: A, unit: count, from: lrs.private, measure: {count_distinct: actor}, window: all}
  actors: {title: A, unit: count, from: models.players, measure: {count_distinct: learner}, time: at, window: all, dimensions: [verb, course]}
  videos: {title: V, unit: count, from: models.players, measure: {count_distinct: video, where: "verb like '%/completed'"}, time: at, window: trailing 3d}
  progress: {title: P, unit: number, from: models.players, measure: {average: progress}, time: at, window: all, dimensions: [verb]}
"""
PLAIN = ("statements", "on_day", "with_result", "private", "actors", "videos", "progress")
WANTED = {
    **{m: (m, "") for m in PLAIN},
    "played": ("actors", f"{{verb: '{VERB}played'}}"),
    "first-course": ("actors", "{course: 'course-v1:FUN-MOOC+00002+session01'}"),
    "seeked": ("progress", f"{{verb: '{VERB}seeked'}}"),
}
PROGRESS = "https://w3id.org/xapi/video/extensions/progress"


@pytest.fixture(scope="module")
def export(shared: Path) -> Path:
    """The folder of the export."""
    return shared / "data" / "xapi_ralph_statements"


@pytest.fixture(scope="module")
def statements(export: Path) -> list[tuple[str, dict[str, Any]]]:
    """(local day, statement) of every line; numbers keep their digits."""

    def read() -> Iterator[tuple[str, dict[str, Any]]]:
        with gzip.open(export / "statements.json.gz", "rt", encoding="utf-8") as file:
            for line in file:
                found = json.loads(line, parse_float=Decimal)
                at = datetime.fromisoformat(found["timestamp"])
                yield at.astimezone(ZoneInfo("Europe/Paris")).date().isoformat(), found

    return list(read())


@pytest.fixture(scope="module")
def small(export: Path, gx: GxValidator, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The statements, run once."""
    made = project(
        tmp_path_factory.mktemp("xapi"), gx, "2021-H2", "2021-07-01", "2021-12-31", "Europe/Paris"
    )
    made.write("okr_defs/sources/lrs.yaml", SOURCE.format(root=export))
    made.write("okr_defs/models/players.sql", MODEL)
    made.write("okr_defs/metrics/learning.yaml", METRICS)
    score_all(made, "2021-H2", WANTED)
    report = made.run(DAYS[-1])
    assert not report.failed, report
    assert {s.rows_in_stream for s in streams(report).values()} == {22_000}
    return made


@pytest.mark.parametrize("day", DAYS)
def test_statements_until_a_day(
    small: Small, statements: list[tuple[str, dict[str, Any]]], day: str
) -> None:
    """Counts, distinct actors by verb and course, and mean progress are those of plain Python."""
    past = [s for on, s in statements if on <= day]
    reached = [
        (s["verb"]["id"], Fraction(s["result"]["extensions"][PROGRESS]))
        for s in past
        if PROGRESS in s.get("result", {}).get("extensions", {})
    ]
    first = datetime.fromisoformat(day).toordinal() - 2
    completed = {
        s["object"]["id"]
        for on, s in statements
        if first <= datetime.fromisoformat(on).toordinal() <= first + 2
        and s["verb"]["id"].endswith("/completed")
    }

    def actors(chosen: list[dict[str, Any]]) -> int:
        return len({s["actor"]["account"]["name"] for s in chosen})

    course = [
        s
        for s in past
        if s["context"]["contextActivities"]["parent"][0]["id"]
        == "course-v1:FUN-MOOC+00002+session01"
    ]
    seeked = [p for verb, p in reached if verb == VERB + "seeked"]
    wanted = {
        "statements": plain(len(past)),
        "on_day": plain(sum(on == day for on, _ in statements)),
        "with_result": plain(sum("result" in s for s in past)),
        "private": plain(actors(past)),
        "actors": plain(actors(past)),
        "videos": plain(len(completed)),
        "played": plain(actors([s for s in past if s["verb"]["id"] == VERB + "played"])),
        "first-course": plain(actors(course)),
        "progress": over(sum(p for _, p in reached), len(reached)) if reached else (None,) * 3,
        "seeked": over(sum(seeked), len(seeked)) if seeked else (None,) * 3,
    }
    assert exact(small, day) == wanted


def test_all_statements_and_actors(small: Small) -> None:
    """There are 22,000 statements of 1,452 actors."""
    found = exact(small, DAYS[-1])
    assert [found[n] for n in ("statements", "actors")] == [plain(22_000), plain(1_452)]
