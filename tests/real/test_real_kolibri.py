"""A learning system's logs (Kolibri): byte order mark, instants with microseconds, decimals."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from flow_builders import Small
from real_world import Exact, exact, over, plain, project, score_all, streams, table

from scoreline.quality.gx import GxValidator

ZONE = "America/New_York"  # 02:18 UTC, at which all was logged, is the evening before there
DAYS = ["2026-11-14", "2026-11-18", "2026-11-20", "2026-11-21"]
SOURCE = """\
source: lms
connector: files
options: {{root: "{root}"}}
streams:
  sessions:
    options: {{glob: "kolibri_session_logs*.csv"}}
    columns:
      learner: {{type: text, header: Username, personal: pseudonym}}
      content_id: {{type: text, header: Content id}}
      started_at: {{type: timestamp, header: Time of first interaction}}
      ended_at: {{type: timestamp, header: Time of last interaction}}
      seconds: {{type: "decimal(10,1)", header: Time Spent (sec)}}
      progress: {{type: "decimal(5,4)", header: Progress (0-1)}}
      kind: {{type: text, header: Content kind, one_of: [audio, document, exercise, html5, video]}}
    load: replace
    event_time: ended_at
    schema_contract: {{new_column: drop}}
    expect:
      - {{type: expect_column_values_to_be_between, column: progress, min_value: 0, max_value: 1}}
  summaries:
    options: {{glob: "kolibri_summary_logs*.csv"}}
    columns:
      facility: {{type: text, header: Facility name}}
      learner: {{type: text, header: Username, personal: pseudonym}}
      content_id: {{type: text, header: Content id}}
      title: {{type: text, header: Content title}}
      started_at: {{type: timestamp, header: Time of first interaction}}
      ended_at: {{type: timestamp, header: Time of last interaction, format: "%Y-%m-%d %H:%M:%S.%f%z"}}
      completed_at: {{type: timestamp, header: Time of completion}}
      seconds: {{type: "decimal(10,1)", header: Time Spent (sec)}}
      progress: {{type: "decimal(5,4)", header: Progress (0-1)}}
      kind: {{type: text, header: Content kind}}
    key: [learner, content_id]
    load: merge
    version_by: ended_at
    event_time: ended_at
    expect:
      - {{type: expect_column_values_to_not_be_null, column: learner}}
  users:
    options: {{glob: "kolibri_users*.csv"}}
    columns:
      id: {{type: text, header: Database ID (UUID)}}
      learner: {{type: text, header: Username (USERNAME), personal: pseudonym}}
      password: {{type: text, header: Password (PASSWORD), personal: drop}}
      full_name: {{type: text, header: Full name (FULL_NAME), personal: drop}}
      born: {{type: integer, header: Birth year (BIRTH_YEAR)}}
      gender: {{type: text, header: Gender (GENDER), one_of: [MALE, FEMALE]}}
      class: {{type: text, header: Learner enrollment (ENROLLED_IN)}}
    key: [id]
    load: merge
"""
IN_CLASS = """\
select s.learner, s.content_id, s.completed_at, s.started_at, s.progress, u.class
from lms.summaries as s
join lms.users as u on u.learner = s.learner
"""
METRICS = """\
metrics:
  completion: {title: C, unit: share, from: lms.summaries, measure: {ratio: {numerator: {count: completed_at}, denominator: {count: rows}}}, time: started_at, window: all, dimensions: [kind, title]}
  completed: {title: C, unit: count, from: lms.summaries, measure: {count: rows}, time: completed_at, window: day}
  completers: {title: C, unit: count, from: lms.summaries, measure: {count_distinct: learner, where: "progress = 1"}, time: completed_at, window: cycle}
  progress: {title: P, unit: number, from: lms.summaries, measure: {average: progress}, time: started_at, window: cycle}
  seconds: {title: S, unit: number, from: lms.sessions, measure: {sum: seconds}, window: trailing 7d, dimensions: [kind]}
  hours: {title: H, unit: number, derived: seconds / 3600}
  longest: {title: L, unit: number, from: lms.sessions, measure: {max: seconds}, window: week}
  learners: {title: L, unit: count, from: lms.sessions, measure: {count_distinct: learner}, window: last week}
  class_completion: {title: C, unit: share, from: models.in_class, measure: {ratio: {numerator: {count: completed_at}, denominator: {count: rows}}}, time: started_at, window: all, dimensions: [class]}
  women: {title: W, unit: count, from: lms.users, measure: {count: rows, where: "gender = 'FEMALE'"}, window: all}
"""
PLAIN = ("completion", "completed", "completers", "progress", "seconds", "hours", "longest")
PLAIN += ("learners", "women")
WANTED = {
    **{m: (m, "") for m in PLAIN},
    "video": ("completion", "{kind: video}"),
    "video-hours": ("hours", "{kind: [video, audio]}"),
    "c2c2": ("completion", "{title: c2c2}"),
    "class-1b": ("class_completion", "{class: Class1B}"),
    "class-2a": ("class_completion", "{class: Class2A}"),
}
Row = dict[str, str]


@pytest.fixture(scope="module")
def export(shared: Path) -> Path:
    """The folder of the export."""
    return shared / "data" / "kolibri_exports"


@pytest.fixture(scope="module")
def small(export: Path, gx: GxValidator, tmp_path_factory: pytest.TempPathFactory) -> Small:
    """The three exports, run once."""
    made = project(
        tmp_path_factory.mktemp("kolibri"), gx, "2026-H2", "2026-07-01", "2026-12-31", ZONE
    )
    made.write("okr_defs/sources/lms.yaml", SOURCE.format(root=export))
    made.write("okr_defs/models/in_class.sql", IN_CLASS)
    made.write("okr_defs/metrics/learning.yaml", METRICS)
    score_all(made, "2026-H2", WANTED)
    report = made.run(DAYS[-1])
    assert not report.failed, report
    found = {n: (s.rows_in_stream, s.rows_quarantined) for n, s in streams(report).items()}
    assert found == {
        "lms.sessions": (1_823, 0),
        "lms.summaries": (259, 0),
        "lms.users": (75, 0),
    }
    return made


def local(text: str) -> date:
    """The day of an instant in the organisation's zone."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(ZONE)).date()


def completion(rows: list[Row], day: date) -> Exact:
    """Lessons completed over lessons begun until a day, in percent."""
    begun = [r for r in rows if local(r["Time of first interaction"]) <= day]
    done = sum(r["Time of completion"] != "" for r in begun)
    return over(done, len(begun), 100)


@pytest.mark.parametrize("day", DAYS)
def test_lessons_of_a_day(small: Small, export: Path, day: str) -> None:
    """Completion, progress and distinct learners until a local day are those of plain Python."""
    at = date.fromisoformat(day)
    rows = table(export / "kolibri_summary_logs.csv")
    class_of = {
        u["Username (USERNAME)"]: u["Learner enrollment (ENROLLED_IN)"]
        for u in table(export / "kolibri_users.csv")
    }
    begun = [r for r in rows if local(r["Time of first interaction"]) <= at]
    done = [(local(r["Time of completion"]), r) for r in rows if r["Time of completion"]]
    full = {r["Username"] for on, r in done if on <= at and Fraction(r["Progress (0-1)"]) == 1}
    found = exact(small, day)
    wanted = {
        "completion": completion(rows, at),
        "video": completion([r for r in rows if r["Content kind"] == "video"], at),
        "c2c2": completion([r for r in rows if r["Content title"] == "c2c2"], at),
        "class-1b": completion([r for r in rows if class_of[r["Username"]] == "Class1B"], at),
        "class-2a": completion([r for r in rows if class_of[r["Username"]] == "Class2A"], at),
        "completed": plain(sum(on == at for on, _ in done)),
        "completers": plain(len(full)),
        "progress": over(sum(Fraction(r["Progress (0-1)"]) for r in begun), len(begun)),
        "women": plain(15),
    }
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize("day", DAYS)
def test_time_spent_until_a_day(small: Small, export: Path, day: str) -> None:
    """Tenths of seconds add up exactly over seven local days, weeks begin on Monday."""
    at = date.fromisoformat(day).toordinal()
    rows = [
        (local(r["Time of last interaction"]).toordinal(), r)
        for r in table(export / "kolibri_session_logs.csv")
    ]
    monday = at - (at - 1) % 7
    sunday = at - at % 7
    week = [r for on, r in rows if monday <= on <= at]
    seven = [
        (r["Content kind"], Fraction(r["Time Spent (sec)"])) for on, r in rows if at - 7 < on <= at
    ]
    heard = [seconds for kind, seconds in seven if kind in ("video", "audio")]
    found = exact(small, day)
    longest = max((Fraction(r["Time Spent (sec)"]) for r in week), default=None)
    wanted = {
        "seconds": plain(sum((s for _, s in seven), Fraction(0))),
        "hours": over(sum(s for _, s in seven), 3600),
        "video-hours": over(sum(heard), 3600),
        "learners": plain(len({r["Username"] for on, r in rows if sunday - 7 < on <= sunday})),
    }
    assert {name: found[name] for name in wanted} == wanted
    assert found["longest"][0] == longest


def stored(state: Path) -> str:
    """Every cell of every stored Parquet file and warehouse table, and all other bytes."""
    files = [p for p in state.rglob("*") if p.is_file()]
    texts = [p.read_bytes().decode("latin-1") for p in files]
    with duckdb.connect(":memory:") as connection:
        parquet = [f"read_parquet('{p}')" for p in files if p.suffix == ".parquet"]
        connection.execute(f"ATTACH '{state / 'warehouse.duckdb'}' AS kept (READ_ONLY)")
        query = "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'kept'"
        tables = [f'kept."{s}"."{t}"' for s, t in connection.execute(query).fetchall()]
        assert len(parquet) >= 3 <= len(tables)
        for source in (*parquet, *tables):
            rows = connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {source}").fetchall()
            texts.append(repr(rows))
    return "\n".join(texts)


def test_no_name_is_stored(small: Small, export: Path) -> None:
    """Pseudonyms join across streams; no user or full name lies in anything that is kept."""
    kept = stored(small.root / ".scoreline")
    assert "c2c1" in kept
    users = table(export / "kolibri_users.csv")
    names = {u["Username (USERNAME)"] for u in users} | {u["Full name (FULL_NAME)"] for u in users}
    assert [n for n in names if len(n) > 5 and n in kept] == []
