"""The competitor: the same job as a hand-written DuckDB script, in one process.

What belongs here: reading the CSV files by declared columns, the same checks, append and
merge, the metrics in decimals, grouped, and progress, into a DuckDB file of its own. What
does not: anything that lets a score be traced or performed again; it keeps no bytes, no
receipts, no versions, no ledger, and makes everything anew each time.

    python -m bench.baseline DATA_FOLDER DATABASE --as-of 2025-12-20 --rows 5000000
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import date
from pathlib import Path

import duckdb

from bench.workload import FIRST, LAST, STAGES, STATUSES, Workload

_LMS_COLUMNS = {
    "completion_id": "BIGINT",
    "learner_id": "VARCHAR",
    "team": "VARCHAR",
    "course": "VARCHAR",
    "status": "VARCHAR",
    "score": "DECIMAL(5,2)",
    "minutes": "BIGINT",
    "completed_at": "TIMESTAMP",
}
_CRM_COLUMNS = {
    "opportunity_id": "VARCHAR",
    "team": "VARCHAR",
    "product": "VARCHAR",
    "deal_stage": "VARCHAR",
    "close_value": "DECIMAL(12,2)",
    "closed_on": "DATE",
    "modified_at": "TIMESTAMPTZ",
}
_LMS_CHECKS = {
    "completion_id is there": "completion_id IS NOT NULL",
    "learner_id is there": "learner_id IS NOT NULL",
    "team is there": "team IS NOT NULL",
    "completed_at is there": "completed_at IS NOT NULL",
    "status is known": f"status IS NULL OR status IN {STATUSES}",
    "score is between 0 and 100": "score IS NULL OR score BETWEEN 0 AND 100",
    "minutes is between 0 and 600": "minutes IS NULL OR minutes BETWEEN 0 AND 600",
}
_CRM_CHECKS = {
    "opportunity_id is there": "opportunity_id IS NOT NULL",
    "team is there": "team IS NOT NULL",
    "product is there": "product IS NOT NULL",
    "deal_stage is known": f"deal_stage IS NULL OR deal_stage IN {STAGES}",
    "close_value is in bounds": "close_value IS NULL OR close_value BETWEEN 0 AND 250000",
}
_QUARANTINING = "close_value is in bounds"

# Each metric's values by team, subject and day; each of the two scans serves all of its kinds.
_LMS_DAILY = """
CREATE TEMP TABLE lms_daily AS
SELECT team, course AS subject, CAST(completed_at AS DATE) AS day, count(*) AS completions,
  sum(minutes) AS minutes, sum(score) AS score, count(score) AS scores
FROM lms WHERE status = 'completed' GROUP BY ALL
"""
_LEARNERS_DAILY = """
CREATE TEMP TABLE learners_daily AS
SELECT team, subject, day, count(*) AS learners FROM (
  SELECT team, course AS subject, learner_id, min(CAST(completed_at AS DATE)) AS day
  FROM lms WHERE status = 'completed' AND completed_at >= '{first}'
    AND (team, course) IN (SELECT (team, subject) FROM asked WHERE kind = 'learners')
  GROUP BY ALL
) GROUP BY ALL
"""
_CRM_DAILY = """
CREATE TEMP TABLE crm_daily AS
SELECT team, product AS subject, closed_on AS day,
  count(*) FILTER (deal_stage = 'Won') AS won, count(*) AS closed,
  sum(close_value) FILTER (deal_stage = 'Won') AS revenue,
  count(close_value) FILTER (deal_stage = 'Won') AS valued
FROM crm WHERE deal_stage IN ('Won', 'Lost') GROUP BY ALL
"""
_DAILY = """
SELECT team, subject, day, unnest([
  {{'kind': 'completions', 'n': completions::DECIMAL(38,2), 'd': NULL}},
  {{'kind': 'minutes', 'n': minutes::DECIMAL(38,2), 'd': NULL}},
  {{'kind': 'score', 'n': score, 'd': scores}}], recursive := true) FROM lms_daily
UNION ALL SELECT team, subject, day, 'learners', learners, NULL FROM learners_daily
UNION ALL SELECT team, subject, day, unnest([
  {{'kind': 'won', 'n': won::DECIMAL(38,2), 'd': NULL}},
  {{'kind': 'revenue', 'n': revenue, 'd': NULL}},
  {{'kind': 'win_rate', 'n': won, 'd': closed}},
  {{'kind': 'deal', 'n': revenue, 'd': valued}}], recursive := true) FROM crm_daily
"""
_SERIES = """
CREATE TABLE series AS
SELECT name, metric, kind, team, day,
  coalesce(sum(n) OVER w, 0) AS numerator, coalesce(sum(d) OVER w, 0) AS denominator
FROM (
  SELECT a.name, a.metric, a.kind, a.team, c.day, v.n, v.d
  FROM asked AS a
  CROSS JOIN (SELECT CAST(unnest(generate_series(DATE '{first}', DATE '{last}',
    INTERVAL 1 DAY)) AS DATE) AS day) AS c
  LEFT JOIN ({daily}) AS v
    ON v.kind = a.kind AND v.subject = a.subject AND v.team = a.team AND v.day = c.day
)
WINDOW w AS (PARTITION BY name ORDER BY day)
"""
_SCORES = """
CREATE TABLE scores AS
SELECT name, numerator, denominator, CAST(value AS DECIMAL(18,6)) AS value,
  CAST(value / target AS DECIMAL(18,6)) AS progress, CAST(expected AS DECIMAL(9,6)) AS expected,
  CASE WHEN value IS NULL THEN 'no_data' WHEN value >= target THEN 'achieved'
    WHEN x < 0.10 AND value >= 0 AND value / target < expected THEN 'pending'
    WHEN expected = 0 OR value / target / expected >= 0.90 THEN 'on_track'
    WHEN value / target / expected >= 0.70 THEN 'at_risk' ELSE 'off_track' END AS status
FROM (
  SELECT s.name, s.numerator, s.denominator, a.target, x, x AS expected,
    CASE WHEN s.kind IN ('score', 'win_rate', 'deal')
      THEN CASE WHEN s.denominator > 0 THEN CAST(s.numerator AS DECIMAL(20,2)) * factor
        / s.denominator END
      ELSE s.numerator END AS value
  FROM series AS s JOIN asked AS a USING (name)
  CROSS JOIN (SELECT CAST(DATE '{as_of}' - DATE '{first}' AS DECIMAL(9,6))
    / (DATE '{last}' - DATE '{first}') AS x)
  WHERE s.day = DATE '{as_of}'
)
"""


class Baseline:
    """The script; `parts` has the seconds of each of its parts."""

    def __init__(self, data: Path, database: Path, workload: Workload) -> None:
        """Begins with an empty database."""
        database.unlink(missing_ok=True)
        self._data, self._workload = data, workload
        self._connection = duckdb.connect(str(database))
        self._connection.execute("SET TimeZone = 'Europe/Berlin'")
        self.parts: dict[str, float] = {}

    def run(self, as_of: date) -> None:
        """Everything, in order; the database is closed at the end."""
        for name, part in (
            ("read", self._read),
            ("check", self._check),
            ("load", self._load),
            ("measure", self._measure),
            ("score", lambda: self._score(as_of)),
            ("close", self._connection.close),
        ):
            begun = time.perf_counter()
            part()
            self.parts[name] = round(time.perf_counter() - begun, 4)

    def _read(self) -> None:
        for table, columns in (("lms", _LMS_COLUMNS), ("crm", _CRM_COLUMNS)):
            files = sorted(str(path) for path in (self._data / table).glob("*.csv"))
            extra = ", timestampformat = '%Y-%m-%d %H:%M:%S'" if table == "lms" else ""
            self._run(
                f"CREATE TEMP TABLE {table}_staged AS SELECT * FROM "
                f"read_csv({files}, columns = {columns}, header = true, delim = ',', "
                f"quote = '\"', escape = '\"', auto_detect = false{extra})"
            )

    def _check(self) -> None:
        for table, checks in (("lms", _LMS_CHECKS), ("crm", _CRM_CHECKS)):
            counts = ", ".join(f"count(*) FILTER (NOT ({c}))" for c in checks.values())
            found = self._all(f"SELECT {counts} FROM {table}_staged")[0]
            for (name, condition), count in zip(checks.items(), found, strict=True):
                if count and name == _QUARANTINING:
                    self._run(
                        f"CREATE TABLE {table}_quarantined AS SELECT * FROM {table}_staged "
                        f"WHERE NOT ({condition})"
                    )
                    self._run(f"DELETE FROM {table}_staged WHERE NOT ({condition})")
                elif count:
                    raise SystemExit(f"{table}: {name}: not so in {count} rows")

    def _load(self) -> None:
        """Append refuses other contents under a known key; merge keeps the newest version."""
        repeats = self._all(
            "SELECT completion_id FROM lms_staged GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
        )
        if repeats:
            self._run(
                "CREATE OR REPLACE TEMP TABLE lms_staged AS SELECT * FROM lms_staged "
                "QUALIFY row_number() OVER (PARTITION BY completion_id ORDER BY rowid) = 1"
            )
        self._run("CREATE TABLE lms AS SELECT * FROM lms_staged")
        self._run(
            "CREATE TABLE crm AS SELECT * FROM crm_staged QUALIFY row_number() OVER "
            "(PARTITION BY opportunity_id ORDER BY modified_at DESC NULLS LAST, rowid DESC) = 1"
        )

    def _measure(self) -> None:
        self._ask()
        self._run(_LMS_DAILY)
        self._run(_LEARNERS_DAILY.format(first=FIRST))
        self._run(_CRM_DAILY)
        self._run(_SERIES.format(first=FIRST, last=LAST, daily=_DAILY.format()))

    def _ask(self) -> None:
        self._run(
            "CREATE TABLE asked (name VARCHAR, metric VARCHAR, kind VARCHAR, subject VARCHAR, "
            "team VARCHAR, target DECIMAL(18,2), factor INTEGER)"
        )
        rows = ", ".join(
            f"('{a.name}', '{a.metric}', '{a.kind}', '{a.subject}', '{a.team}', {a.target}, "
            f"{100 if a.kind == 'win_rate' else 1})"
            for a in self._workload.asked()
        )
        self._run(f"INSERT INTO asked VALUES {rows}")

    def _score(self, as_of: date) -> None:
        self._run(_SCORES.format(as_of=as_of, first=FIRST, last=LAST))

    def _run(self, statement: str) -> None:
        self._connection.execute(statement)

    def _all(self, query: str) -> list[tuple[object, ...]]:
        return self._connection.execute(query).fetchall()


def main() -> None:
    """Run from the command line; prints the parts' seconds as JSON."""
    parser = argparse.ArgumentParser(description="The main job as a hand-written script.")
    parser.add_argument("data", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--rows", type=int, required=True, help="as generated: fixes the targets")
    parser.add_argument("--metrics", type=int, default=200)
    parser.add_argument("--key-results", type=int, default=200)
    given = parser.parse_args()
    workload = Workload(given.rows, given.metrics, given.key_results)
    script = Baseline(given.data, given.database, workload)
    script.run(given.as_of)
    print(json.dumps({"parts": script.parts}))


if __name__ == "__main__":
    main()
