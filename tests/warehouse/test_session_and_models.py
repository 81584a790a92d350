"""What the warehouse's connection never does, and how a model becomes a view."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from warehouse_builders import batch, column, parquet, stream

from scoreline.core.errors import WarehouseError
from scoreline.core.model import Model
from scoreline.warehouse.warehouse import Warehouse

DEALS = stream(column("at", "integer"), column("x", "text"))


def test_no_progress_bar_where_the_program_has_no_file(tmp_path: Path) -> None:
    """DuckDB takes `python -c` for a person at a prompt; standard output stays ours all the same."""
    program = (
        "import sys; from pathlib import Path; from scoreline.warehouse.database import connect\n"
        "connection = connect(None, 'UTC', Path(sys.argv[1]))\n"
        "print(connection.execute(\"SELECT current_setting('enable_progress_bar')\").fetchall())\n"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout == "[(False,)]\n"


def test_a_model_runs_as_it_was_checked(tmp_path: Path) -> None:
    """A column named by a word that DuckDB reserves works: the checked tree quotes every name."""
    rows = [{"at": 3, "x": "p"}, {"at": 5, "x": "q"}]
    with Warehouse(None, "UTC", tmp_path) as made:
        made.prepare([DEALS])
        file = parquet(tmp_path / "1.parquet", rows, {"at": "int64", "x": "string"})
        made.load(DEALS, batch(1), "1", [file], tmp_path / "refused", lambda done: None)
        model = Model("late", "select x, at, x as left from crm.deals where at > 4", ("crm.deals",))
        assert made.create_model(model) == {"x": "VARCHAR", "at": "BIGINT", "left": "VARCHAR"}
        found = made.connection.execute('SELECT * FROM "models"."late"').fetchall()
    assert found == [("q", 5, "q")]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "select 1 as one; create table crm.other as select 1 as one",
        "select x, now() as at from crm.deals",
    ],
)
def test_the_warehouse_itself_refuses_what_is_not_allowed(tmp_path: Path, sql: str) -> None:
    """Text outside the allow-list never reaches DuckDB, whoever hands the model over."""
    with Warehouse(None, "UTC", tmp_path) as made:
        made.prepare([DEALS])
        with pytest.raises(WarehouseError, match="model sly"):
            made.create_model(Model("sly", sql, ("crm.deals",)))
        views = "SELECT count(*) FROM duckdb_views() WHERE schema_name = 'models'"
        assert made.connection.execute(views).fetchall() == [(0,)]
