"""The `tryton` kind against a Tryton on PostgreSQL that holds a CRM's 8,800 opportunities."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from live_servers import tryton
from sql_servers import UnavailableError, postgresql

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.tryton import TrytonConnector

COLUMNS = (
    ColumnSpec("id", type="integer"),
    ColumnSpec("reference"),
    ColumnSpec("description"),
    ColumnSpec("amount", type="decimal"),
    ColumnSpec("account", header="$.party.rec_name"),
    ColumnSpec("changed_at", type="timestamp"),
)
SPEC = StreamSpec("opportunities", {"model": "sale.opportunity"}, COLUMNS, "changed_at", ("id",))


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_every_opportunity_comes_and_then_only_what_changed(shared: Path, tmp_path: Path) -> None:
    """8,800 rows that share one time of creation come once with their exact amounts; then
    nothing; then the seven that were edited.
    """
    table = shared / "data/maven_crm_sales/sales_pipeline.csv"
    with table.open(newline="") as file:
        deals = list(csv.DictReader(file))
    try:
        with postgresql() as server:
            with server.connect(server.admin) as connection:
                connection.execute(sa.text("CREATE DATABASE tryton"))
            place = server.admin.set(drivername="postgresql", database="")
            url = place.render_as_string(hide_password=False)
            with tryton(tmp_path, url, table) as running:
                auth = {"type": "bearer", "token": running.key}
                connector = TrytonConnector({"url": running.url, "auth": auth}, base=tmp_path)
                rows, state = read(connector, tmp_path, State())
                assert {r["reference"] for r in rows} == {d["opportunity_id"] for d in deals}
                assert len(rows) == len(deals)
                assert total(r["amount"] for r in rows) == total(d["close_value"] for d in deals)
                assert connector.discover(SPEC, state).unchanged == 1
                running.change(7)
                changed, _ = read(connector, tmp_path, state)
                # the seven left the overlap, so all that it holds is received once more
                assert [r["description"] for r in changed].count("changed") == 7
                assert len({r["id"] for r in changed}) == len(changed)
    except UnavailableError as error:
        pytest.skip(str(error))


def total(amounts: Any) -> Decimal:
    return sum((Decimal(a) for a in amounts if a), Decimal(0))


def read(
    connector: TrytonConnector, work: Path, state: State
) -> tuple[list[dict[str, Any]], State]:
    (ref,) = connector.discover(SPEC, state).new
    batch = connector.extract(SPEC, ref, work)
    lines = [text for part in batch.reader() for text in part.column(0).to_pylist()]
    receipt = batch.receipt()
    assert receipt.missing_columns == ()
    return [json.loads(line, parse_float=Decimal) for line in lines], State(
        cursor=receipt.cursor_to
    )
