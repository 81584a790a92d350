"""`python -m connectors.files --root DIR --glob '*.csv'`: what a folder or URL would deliver.

What belongs here: running this kind alone, without the product. What does not: keeping
anything: copies go to a temporary folder, and no state is recorded.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.errors import ConnectorError
from connectors.files.connector import FilesConnector

SHOWN = 5
TEXTS = ("format", "delimiter", "quote", "encoding", "records", "sheet")


def main(arguments: list[str] | None = None) -> int:
    """Prints header, first rows and receipt of each file; 1 where one cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        connector = FilesConnector({"root": given.root}, base=Path.cwd())
        spec = StreamSpec(given.stream, _options(given), _columns(given.columns))
        refs = connector.discover(spec, State()).new
        with tempfile.TemporaryDirectory() as work:
            for ref in refs:
                batch = connector.extract(spec, ref, Path(work))
                _say(f"== {spec.name}: {ref.name}")
                _show(batch, given.rows)
                batch.raw_path.unlink(missing_ok=True)
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connectors.files", description=__doc__)
    parser.add_argument("--root", required=True, help="the folder, or a URL")
    parser.add_argument("--glob", required=True, help="a pattern, such as '*.csv'")
    parser.add_argument("--stream", default="files", help="a name for the output")
    parser.add_argument("--columns", default="", help="declared columns: id,team=Team name")
    parser.add_argument("--rows", type=int, default=SHOWN, help="how many rows to print")
    for name in TEXTS:
        parser.add_argument(f"--{name}")
    parser.add_argument("--no-header", action="store_true", help="the first row is data")
    parser.add_argument("--skip-rows", type=int, default=0, help="lines above the header")
    parser.add_argument("--header-rows", type=int, help="rows that make up the header")
    parser.add_argument("--footer-rows", type=int, help="rows at the end that are not data")
    return parser


def _options(given: argparse.Namespace) -> dict[str, Any]:
    options: dict[str, Any] = {"glob": given.glob, "skip_rows": given.skip_rows}
    options["header"] = not given.no_header
    for name in (*TEXTS, "header_rows", "footer_rows"):
        if getattr(given, name) is not None:
            options[name] = getattr(given, name)
    if given.sheet and given.sheet.isdigit():
        options["sheet"] = int(given.sheet)
    return options


def _columns(text: str) -> tuple[ColumnSpec, ...]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    return tuple(ColumnSpec(name.strip(), header.strip() or None) for name, _, header in pairs)


def _show(batch: Any, rows: int) -> None:
    _say(f"columns: {', '.join(batch.schema.names)}")
    left = rows
    for part in batch.reader():
        for row in part.slice(0, max(left, 0)).to_pylist():
            _say(json.dumps(row, ensure_ascii=True, default=str))
        left -= part.num_rows
    for refused in batch.tally.ragged[:rows]:
        _say(f"refused: row {refused.row}: {refused.reason}: {refused.text!a}")
    _say(json.dumps(batch.receipt().as_dict(), indent=2, ensure_ascii=True))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
