"""`python -m connectors.sql --url-env NAME --table orders`: what a database would deliver.

What belongs here: running this kind alone, without the product. What does not: keeping
anything: the copy goes to a temporary folder, and no position is recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from connectors.base import ColumnSpec, State, StreamSpec
from connectors.errors import ConnectorError
from connectors.sql.connector import SqlConnector

SHOWN = 5


def main(arguments: list[str] | None = None) -> int:
    """Prints columns, first rows and the receipt; 1 where the database cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        url = os.environ.get(given.url_env, "") if given.url_env else given.url
        connector = SqlConnector({"url": url}, base=Path.cwd())
        spec = _spec(given)
        with tempfile.TemporaryDirectory() as work:
            for ref in connector.discover(spec, State()).new:
                batch = connector.extract(spec, ref, Path(work))
                _say(f"== {spec.name}: {batch.object}")
                _show(batch, given.rows)
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connectors.sql", description=__doc__)
    url = parser.add_mutually_exclusive_group(required=True)
    url.add_argument("--url-env", help="the environment variable that holds the URL")
    url.add_argument("--url", help="the URL, where it holds no password")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--table", help="a table or view")
    what.add_argument("--query", help="one SELECT")
    parser.add_argument("--cursor", help="the cursor column; needs --key")
    parser.add_argument("--key", default="", help="the key's columns: id,line")
    parser.add_argument("--columns", default="", help="declared columns: id,team=Team name")
    parser.add_argument("--rows", type=int, default=SHOWN, help="how many rows to print")
    return parser


def _spec(given: argparse.Namespace) -> StreamSpec:
    options = {"table": given.table} if given.table else {"query": given.query}
    pairs = [part.partition("=") for part in given.columns.split(",") if part]
    columns = tuple(ColumnSpec(name.strip(), header.strip() or None) for name, _, header in pairs)
    key = tuple(part.strip() for part in given.key.split(",") if part.strip())
    return StreamSpec(given.table or "query", options, columns, given.cursor, key)


def _show(batch: Any, rows: int) -> None:
    _say(", ".join(f"{field.name} ({field.type})" for field in batch.schema))
    left = rows
    for part in batch.reader():
        for row in part.slice(0, max(left, 0)).to_pylist():
            _say(json.dumps(row, ensure_ascii=True, default=str))
        left -= part.num_rows
    _say(json.dumps(batch.receipt().as_dict(), indent=2, ensure_ascii=True))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
