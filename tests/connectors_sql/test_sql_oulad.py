"""Real data: out of a database come the same typed values as out of the CSV export."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sql_world import World

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.batch import Batch
from connectors.files import FilesConnector
from scoreline.core.model import Column, ColumnType, Stream
from scoreline.warehouse.typing import RowReader

KEY = ("code_module", "code_presentation", "id_student")
TEXT, WHOLE = ColumnType("text"), ColumnType("integer")
TYPES = {
    "code_module": TEXT,
    "code_presentation": TEXT,
    "id_student": WHOLE,
    "gender": TEXT,
    "region": TEXT,
    "highest_education": TEXT,
    "imd_band": TEXT,
    "age_band": TEXT,
    "num_of_prev_attempts": WHOLE,
    "studied_credits": ColumnType("decimal", 7, 2),
    "disability": ColumnType("boolean"),
    "final_result": TEXT,
}
NULLS = ("", "?")
TABLE = """CREATE TABLE "studentInfo" (
    code_module varchar(9), code_presentation varchar(9), id_student integer, gender char(1),
    region varchar(40), highest_education varchar(40), imd_band varchar(9), age_band varchar(9),
    num_of_prev_attempts smallint, studied_credits numeric(7,2), disability varchar(1),
    final_result varchar(20), PRIMARY KEY (code_module, code_presentation, id_student))"""


def typed(batch: Batch, work: Path) -> pa.Table:
    """The rows by the contract, in the order of the key."""
    columns = tuple(Column(n, t, null_values=NULLS) for n, t in TYPES.items())
    stream = Stream("students", "oulad", columns, KEY, "merge")
    rows = RowReader("UTC", work).read(stream, batch.reader(), batch.layout, work)
    assert (rows.rows, rows.rows_broken) == (32_593, 0)
    return pq.read_table(rows.typed).drop_columns("_row").sort_by([(n, "ascending") for n in KEY])


def spec(**options: Any) -> StreamSpec:
    return StreamSpec("students", options, tuple(ColumnSpec(n) for n in TYPES), key=KEY)


def test_the_same_contract_gives_the_same_values(
    world: World, shared: Path, tmp_path: Path
) -> None:
    """32,593 students from a database equal those of the export, value by value and in type."""
    export = shared / "data" / "oulad"
    with (export / "studentInfo.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    quote = "`" if world.backend == "mariadb" else '"'
    world.run(TABLE.replace('"', quote))
    world.insert(f"{quote}studentInfo{quote}", ", ".join(header), [tuple(row) for row in rows])
    files = FilesConnector({"root": "oulad"}, base=export.parent)
    exported = spec(glob="studentInfo.csv")
    (ref,) = files.discover(exported, State()).new
    from_file = typed(files.extract(exported, ref, tmp_path), tmp_path)
    stored = spec(table="studentInfo")
    (ref,) = world.connector.discover(stored, State()).new
    from_database = typed(world.connector.extract(stored, ref, world.work), tmp_path)
    assert from_database.equals(from_file)
