"""`explain --rows`: the rows behind a score, as pages, a CSV file or JSON.

What belongs here: printing rows. What does not: finding them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scoreline.cli.console import console, number, opened, print_json, safe, table
from scoreline.cli.showing import Times, then
from scoreline.core.errors import UsageError
from scoreline.core.exact import Exact, exact_text, shown
from scoreline.steps.drilling import PartBehind, rows_behind
from scoreline.steps.reports import KeyResultRow
from scoreline.steps.status import find_key_result, key_result_json, standing_of
from scoreline.warehouse.rows_behind import MOST_ROWS, RowBehind

FINDING = 1
_MOST_ORIGINS = 3
_LONGEST = 26


@dataclass(frozen=True, slots=True)
class Paging:
    """Which rows are printed: page 1 is the first; or a file that takes them all."""

    page: int = 1
    size: int = 20
    csv: Path | None = None


def show_rows(
    root: Path, name: str, as_of: date | None, clocks: Times, paging: Paging, json: bool
) -> int:
    """Print the rows behind a score; returns 1 where they do not add up to its value."""
    if clocks[1] is not None:
        raise UsageError(
            "--rows lists the rows behind values as they were recorded: --known-at goes with it, "
            "--definitions-at does not"
        )
    with opened(root) as now:
        project = then(now, clocks, as_of, name)
        kr = find_key_result(project, name)
        row = standing_of(project, kr, as_of).row
        day = row.score.value_day or row.score.day
        with rows_behind(project, kr, day) as parts:
            files = [] if paging.csv is None else _write(parts, paging.csv)
            if json:
                print_json({**_head(row, day), "parts": [_json(p, paging) for p in parts]})
            else:
                _print(row, day, parts, paging, files)
            return 0 if all(part.adds_up for part in parts) else FINDING


def _write(parts: list[PartBehind], path: Path) -> list[tuple[Path, int]]:
    """A file for each part; of several, each file's name has its metric's name."""
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is no folder: name a file in a folder that is there")
    found = []
    for part in parts:
        named = f"{path.stem}.{_name(part)}{path.suffix or '.csv'}" if len(parts) > 1 else path.name
        target = path.with_name(named)
        found.append((target, part.rows.write_csv(target)))
    return found


def _name(part: PartBehind) -> str:
    query = part.rows.query
    return query.metric.name + "".join(f"@{n:+d}{unit}" for n, unit in query.offset)


def _head(row: KeyResultRow, day: date) -> dict[str, Any]:
    return {**key_result_json(row), "day": day.isoformat(), "formula": row.score.formula}


def _json(part: PartBehind, paging: Paging) -> dict[str, Any]:
    query, totals = part.rows.query, part.rows.totals
    above, below = _recorded(part.recorded)
    return {
        "metric": query.metric.name,
        "offset": [list(step) for step in query.offset],
        "request": query.request,
        "day": query.day.isoformat(),
        "first": query.first.isoformat() if query.first else None,
        "last": query.last.isoformat() if query.last else None,
        "until": query.until.isoformat() if query.until else None,
        "relation": query.relation,
        "traced": part.rows.traced,
        "columns": list(query.columns),
        "rows": totals.rows,
        "numerator": totals.numerator,
        "denominator": totals.denominator,
        "recorded": {"numerator": above, "denominator": below, "record": part.record},
        "adds_up": part.adds_up,
        "digest": part.rows.digest(),
        "sql": query.sql,
        "parameters": {name: value.isoformat() for name, value in query.parameters.items()},
        "page": paging.page,
        "page_size": paging.size,
        "pages": _pages(part, paging),
        "items": [_item(part, row) for row in part.rows.page(paging.page, paging.size)],
    }


def _item(part: PartBehind, row: RowBehind) -> dict[str, Any]:
    return {
        "n": row.n,
        "from": [
            {"stream": o.stream, "batch": o.batch, "file": o.object, "row": o.row}
            for o in row.origins
        ],
        "numerator": row.numerator,
        "denominator": row.denominator,
        "values": dict(zip(part.rows.query.columns, row.values, strict=True)),
    }


def _recorded(value: Exact | None) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    below = value.denominator
    return exact_text(value.numerator), None if below is None else exact_text(below)


def _pages(part: PartBehind, paging: Paging) -> int:
    return max(1, -(-part.rows.totals.rows // paging.size))


def _print(
    row: KeyResultRow,
    day: date,
    parts: list[PartBehind],
    paging: Paging,
    files: list[tuple[Path, int]],
) -> None:
    out = console()
    value = number(shown(row.score.value))
    out.print(f"[bold]{safe(row.title)}[/]\n[dim]{safe(row.id)}[/]")
    out.print(f"Its value on {day} is [bold]{value}[/]. These are the rows it is made of.")
    if row.score.override is not None:
        out.print("[magenta]The value was set by hand; these are the rows of the data.[/]")
    for place, part in enumerate(parts):
        out.print()
        out.print(_summary(part))
        if files:
            _print_file(out, part, *files[place])
        else:
            out.print(_table(part, paging))
            _print_page(out, part, paging)


def _summary(part: PartBehind) -> str:
    query, totals = part.rows.query, part.rows.totals
    span = f"on {query.day}"
    if query.last is None:
        span = f"on {query.day}, for which there is no window"
    elif query.first is not None:
        span = f"from {query.first} to {query.last}"
    elif query.until is None and query.metric.window.kind != "latest":
        span = f"up to {query.last}"
    lines = [f"[bold]{safe(_name(part))}[/] {safe(query.metric.title)}"]
    lines.append(f"  {totals.rows:,} rows of {safe(query.relation)} {span} add up to {_sum(part)}")
    if part.adds_up:
        lines[-1] += ": [green]exactly the value recorded[/]"
    else:
        above, below = _recorded(part.recorded)
        said = "no value" if above is None else _over(above, below)
        lines[-1] += f" [red]✘ the record says {said}[/]: `scoreline verify --from-raw` looks why"
    if not part.rows.traced:
        lines.append("  [dim]its SQL does not let a row be followed to a file[/]")
    return "\n".join(lines)


def _sum(part: PartBehind) -> str:
    totals = part.rows.totals
    if totals.value is None:
        return "no value"
    return _over(totals.numerator, totals.denominator)


def _over(above: str, below: str | None) -> str:
    return number(above) if below is None else f"{number(above)} / {number(below)}"


def _table(part: PartBehind, paging: Paging) -> Any:
    query = part.rows.query
    adds = ["adds#"] if not query.has_denominator else ["adds above#", "adds below#"]
    cells = []
    for row in part.rows.page(paging.page, paging.size):
        added = [row.numerator, row.denominator][: len(adds)]
        cells.append(
            [
                f"{row.n:,}",
                *(number(a) if a is not None else "" for a in added),
                *("–" if v is None else safe(_short(v)) for v in row.values),
                _origins(row),
            ]
        )
    return table("", ["#", *adds, *map(safe, query.columns), "file and row"], cells)


def _short(text: str) -> str:
    """A text that leaves room for the others; JSON and CSV have all of it."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _origins(row: RowBehind) -> str:
    named = "; ".join(safe(o) for o in row.origins[:_MOST_ORIGINS])
    more = len(row.origins) - _MOST_ORIGINS
    return f"{named} and {more:,} more" if more > 0 else named


def _print_page(out: Any, part: PartBehind, paging: Paging) -> None:
    pages = _pages(part, paging)
    if pages > 1 or paging.page > 1:
        out.print(
            f"page {paging.page} of {pages:,}; `--page N`, `--page-size N`, `--csv FILE` for all",
            style="dim",
        )


def _print_file(out: Any, part: PartBehind, path: Path, written: int) -> None:
    rows = part.rows.totals.rows
    cut = f" of {rows:,} (a file has at most {MOST_ROWS:,})" if written < rows else ""
    out.print(f"  {written:,} rows{cut} written to {safe(path)}")
    out.print(f"  all {rows:,} rows have the SHA-256 {part.rows.digest()}", style="dim")
