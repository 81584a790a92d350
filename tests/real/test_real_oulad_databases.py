"""OULAD in a database: the same definitions give the same scores as over its CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fakes import PassingValidator
from flow_builders import Small
from real_oulad import DAY, WANTED, define, from_files
from real_world import project
from sql_servers import READER, Server, UnavailableError, mariadb, postgresql

pytestmark = pytest.mark.slow
KEY = "code_module varchar(9), code_presentation varchar(9), id_student integer"
TABLES = {
    "studentInfo": f"""{KEY}, gender char(1), region varchar(40), highest_education varchar(40),
        imd_band varchar(9), age_band varchar(9), num_of_prev_attempts smallint,
        studied_credits integer, disability varchar(1), final_result varchar(20)""",
    "studentRegistration": f"{KEY}, date_registration smallint, date_unregistration smallint",
}
SERVERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "postgresql": postgresql,
    "mariadb": mariadb,
}


@pytest.fixture(scope="module")
def export(shared: Path) -> Path:
    """The folder of the export."""
    return shared / "data" / "oulad"


@pytest.fixture(scope="module")
def from_csv(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The score records over the CSV files."""
    source = from_files(export, ', null_values: ["?"]')
    return score_records(tmp_path_factory.mktemp("files"), source)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each server in turn."""
    try:
        with SERVERS[request.param]() as running:
            yield running
    except UnavailableError as why:
        pytest.skip(f"no {request.param} to test against: {why}")


def fill(engine: sa.Engine, export: Path) -> None:
    """Both tables, with NULL where the export writes `?`, in another order than the files."""
    for table, columns in TABLES.items():
        with (export / f"{table}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        values = [tuple(None if v == "?" else v for v in row) for row in reversed(rows)]
        quote = engine.dialect.identifier_preparer.quote_identifier
        marks = ", ".join(["%s"] * len(header))
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"CREATE TABLE {quote(table)} ({columns}, "
                "PRIMARY KEY (code_module, code_presentation, id_student))"
            )
            insert = f"INSERT INTO {quote(table)} ({', '.join(header)}) VALUES ({marks})"
            connection.exec_driver_sql(insert, values)


def from_database(server: Server, name: str) -> dict[str, str]:
    """The source as the tables of a database."""
    scheme = "postgresql" if server.backend == "postgresql" else "mariadb"
    url = f"{scheme}://reader@127.0.0.1:{server.port}/{name}"
    return {
        "connector": "sql",
        "options": f'{{url: "{url}", password: "${{env:OU_PASSWORD}}"}}',
        "students": "{table: studentInfo}",
        "registrations": "{table: studentRegistration}",
        "nulls": "",
    }


def score_records(folder: Path, source: dict[str, str]) -> dict[str, Any]:
    """What a run wrote down of each score, without what names the bytes received.

    The digests of the metrics' series stay in: every day of them is equal, not just one.
    """
    made = project(folder, PassingValidator(), "2026", "2026-01-01", "2026-12-31", "Europe/London")
    define(made, source)
    return bodies(made)


def bodies(made: Small) -> dict[str, Any]:
    report = made.run(DAY)
    assert not report.failed, report
    with made.open() as opened:
        scores = opened.store.latest_scores(date.fromisoformat(DAY))
    found = {name.rsplit("/", 1)[1]: dict(score.body) for name, score in scores.items()}
    for body in found.values():
        assert body.pop("inputs")
        assert body.pop("definition")
        uses = body.pop("definitions")
        body["definitions"] = {n: d for n, d in uses.items() if not n.startswith("stream ")}
    return found


def test_a_database_gives_the_scores_of_the_export(
    server: Server,
    export: Path,
    from_csv: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every score record over PostgreSQL and MariaDB is that over CSV, digit for digit."""
    monkeypatch.setenv("OU_PASSWORD", READER)
    engine = server.new_database()
    fill(engine, export)
    found = score_records(tmp_path, from_database(server, str(engine.url.database)))
    assert len(found) == len(from_csv) == len(WANTED)
    assert found == from_csv
