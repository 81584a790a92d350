"""The sales pipeline in other date forms and with other columns: the same quarters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from real_crm import PUBLISHED, QUARTER, SOURCE
from real_world import exact, plain, project, score_all, streams, write_table

from scoreline.quality.gx import GxValidator

DAY = "2017-12-31"


def _us(day: str) -> str:
    at = date.fromisoformat(day) if day else None
    return f"{at.month}/{at.day}/{at.year}" if at else ""


def _short(day: str) -> str:
    return f"{day[8:]}-{day[5:7]}-{day[2:4]}" if day else ""


def _quarter(day: str) -> str:
    return f"Q{(int(day[5:7]) + 2) // 3} {day[:4]}" if day else ""


def us_dates(maven: Path, folder: Path, deals: list[dict[str, str]]) -> Path:
    """The export with m/d/yyyy: the published variant, or else the rows written so."""
    published = maven / "variants" / "sales_pipeline_us_dates.csv"
    if published.is_file():
        return published
    rows = [{**d, **{k: _us(d[k]) for k in ("engage_date", "close_date")}} for d in deals]
    return write_table(folder / "sales_pipeline_us_dates.csv", rows, list(deals[0]))


def short_dates(maven: Path, folder: Path, deals: list[dict[str, str]]) -> Path:
    """The export with dd-mm-yy and two more columns: published, or else written so."""
    published = maven / "variants" / "sales_pipeline_ddmmyy_extra_cols.csv"
    if published.is_file():
        return published
    rows = [
        {
            **d,
            **{k: _short(d[k]) for k in ("engage_date", "close_date")},
            "engage_quarter": _quarter(d["engage_date"]),
            "close_quarter": _quarter(d["close_date"]),
        }
        for d in deals
    ]
    header = [*deals[0], "engage_quarter", "close_quarter"]
    return write_table(folder / "sales_pipeline_ddmmyy_extra_cols.csv", rows, header)


@pytest.mark.parametrize(
    ("variant", "dates"),
    [
        (us_dates, '{type: date, format: "%m/%d/%Y"}'),
        (short_dates, '{type: date, format: "%d-%m-%y"}'),
    ],
)
def test_other_date_forms_give_the_same_quarters(
    maven: Path,
    deals: list[dict[str, str]],
    gx: GxValidator,
    tmp_path: Path,
    variant: Callable[[Path, Path, list[dict[str, str]]], Path],
    dates: str,
) -> None:
    """The export with other dates gives the published quarters by its `format`."""
    path = variant(maven, tmp_path / "data", deals)
    made = project(tmp_path, gx, "2017", "2017-01-01", "2017-12-31", "America/New_York")
    made.write(
        "okr_defs/sources/crm.yaml",
        SOURCE.format(root=path.parent, name=path.name, dates=dates),
    )
    made.write("okr_defs/metrics/sales.yaml", "metrics:\n" + QUARTER)
    score_all(made, "2017", {"won_quarter": ("won_quarter", "")})
    report = made.run(DAY)
    assert not report.failed, report
    assert streams(report)["crm.opportunities"].rows_in_stream == 8_800
    found = {day: exact(made, day)["won_quarter"] for day in PUBLISHED}
    assert found == {day: plain(number) for day, number in PUBLISHED.items()}
