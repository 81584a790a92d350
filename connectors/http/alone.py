"""Running an HTTP kind alone, without the product: `python -m connectors.<kind>`.

What belongs here: arguments and printing. What does not: keeping anything: pages go to a
temporary folder, and no position is recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from connectors.base import ColumnSpec, Connector, State, StreamSpec
from connectors.errors import ConnectorError

SHOWN = 5
_REFERENCE = re.compile(r"\$\{env:([^}]+)\}")


def run(kind: type[Connector], arguments: list[str] | None = None) -> int:
    """Prints the first rows and the receipt; 1 where the source cannot be read."""
    given = _parser(kind).parse_args(arguments)
    try:
        connector = kind(_filled(json.loads(given.source)), base=Path.cwd())
        spec = StreamSpec("stream", json.loads(given.stream), _columns(given.columns), given.cursor)
        with tempfile.TemporaryDirectory() as work:
            for ref in connector.discover(spec, State(sample=not given.all)).new:
                _show(connector.extract(spec, ref, Path(work)), given.rows)
    except json.JSONDecodeError as error:
        sys.stderr.write(f"--source and --stream are JSON objects: {error}\n")
        return 2
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser(kind: type[Connector]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m connectors.{kind.kind}",
        description=f"{kind.about[:1].upper()}{kind.about[1:]}: what would be delivered.",
    )
    parser.add_argument(
        "--source",
        required=True,
        metavar="JSON",
        help="the source's options; ${env:NAME} is filled in",
    )
    parser.add_argument("--stream", default="{}", metavar="JSON", help="the stream's options")
    parser.add_argument("--columns", default="id", help="declared columns: id,team=$.team.name")
    parser.add_argument("--cursor", help="the column that tells what changed")
    parser.add_argument("--rows", type=int, default=SHOWN, help="how many rows to print")
    parser.add_argument("--all", action="store_true", help="read everything, not a sample")
    return parser


def _filled(value: Any) -> Any:
    """References to environment variables, filled in: a secret stands in no argument."""
    if isinstance(value, dict):
        return {name: _filled(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: os.environ.get(match[1], ""), value)
    return value


def _columns(text: str) -> tuple[ColumnSpec, ...]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    return tuple(ColumnSpec(name.strip(), header.strip() or None) for name, _, header in pairs)


def _show(batch: Any, rows: int) -> None:
    left = rows
    for part in batch.reader():
        for line in part.column(0).slice(0, max(left, 0)).to_pylist():
            sys.stdout.write(line.encode("ascii", "backslashreplace").decode() + "\n")
        left -= part.num_rows
    sys.stdout.write(json.dumps(batch.receipt().as_dict(), indent=2) + "\n")
