"""`python -m connectors.sql --url-env NAME --table orders`: what a database would deliver.

What belongs here: running this kind alone, without the product. What does not: keeping
anything: the copy goes to a temporary folder, and no position is recorded.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from connectors.alone import add_stream, columns_of, deliver
from connectors.base import StreamSpec
from connectors.sql.connector import SqlConnector


def main(arguments: list[str] | None = None) -> int:
    """Prints columns, first rows and the receipt; 1 where the database cannot be read."""
    given = _parser().parse_args(arguments)
    url = os.environ.get(given.url_env, "") if given.url_env else given.url
    return deliver(lambda: SqlConnector({"url": url}, base=Path.cwd()), _spec(given), given.rows)


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
    add_stream(parser)
    return parser


def _spec(given: argparse.Namespace) -> StreamSpec:
    options = {"table": given.table} if given.table else {"query": given.query}
    key = tuple(part.strip() for part in given.key.split(",") if part.strip())
    return StreamSpec(given.table or "query", options, columns_of(given.columns), given.cursor, key)


if __name__ == "__main__":
    sys.exit(main())
