"""`python -m connectors.files --root DIR --glob '*.csv'`: what a folder or URL would deliver.

What belongs here: running this kind alone, without the product. What does not: keeping
anything: copies go to a temporary folder, and no state is recorded.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from connectors.alone import add_stream, columns_of, deliver
from connectors.base import StreamSpec
from connectors.files.connector import FilesConnector

TEXTS = ("format", "delimiter", "quote", "encoding", "records", "sheet")


def main(arguments: list[str] | None = None) -> int:
    """Prints header, first rows and receipt of each file; 1 where one cannot be read."""
    given = _parser().parse_args(arguments)
    spec = StreamSpec(given.stream, _options(given), columns_of(given.columns))
    return deliver(lambda: FilesConnector({"root": given.root}, base=Path.cwd()), spec, given.rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connectors.files", description=__doc__)
    parser.add_argument("--root", required=True, help="the folder, or a URL")
    parser.add_argument("--glob", required=True, help="a pattern, such as '*.csv'")
    parser.add_argument("--stream", default="files", help="a name for the output")
    add_stream(parser)
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


if __name__ == "__main__":
    sys.exit(main())
