"""Running a kind alone, without the product: `python -m connectors.<kind>`.

What belongs here: delivering a stream to a terminal, and the command line of kinds whose options
are JSON. What does not: keeping anything: bytes go to a temporary folder, no state is recorded.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.base import ColumnSpec, Connector, State, StreamSpec
from connectors.errors import ConnectorError

if TYPE_CHECKING:
    from connectors.batch import Batch

_REFERENCE = re.compile(r"\$\{env:([^}]+)\}")


def run(kind: type[Connector], arguments: list[str] | None = None) -> int:
    """Delivers a stream of a kind whose options are given as JSON.

    Returns:
        0; 1 where the source cannot be read; 2 where the options are no JSON.
    """
    given = _parser(kind).parse_args(arguments)
    try:
        source, stream = _filled(json.loads(given.source)), json.loads(given.stream)
    except json.JSONDecodeError as error:
        sys.stderr.write(f"--source and --stream are JSON objects: {error}\n")
        return 2
    spec = StreamSpec("stream", stream, columns_of(given.columns), given.cursor)
    return deliver(
        lambda: kind(source, base=Path.cwd()), spec, given.rows, State(sample=not given.all)
    )


def deliver(
    make: Callable[[], Connector], spec: StreamSpec, rows: int, state: State | None = None
) -> int:
    """Prints each object's columns, first rows and receipt; 1 where one cannot be read."""
    try:
        connector = make()
        with tempfile.TemporaryDirectory() as work:
            for ref in connector.discover(spec, state or State()).new:
                batch = connector.extract(spec, ref, Path(work))
                _say(f"== {spec.name}: {batch.object}")
                _show(batch, rows)
                batch.raw_path.unlink(missing_ok=True)
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def add_stream(parser: argparse.ArgumentParser, columns: str = "") -> None:
    """The arguments that every kind has."""
    parser.add_argument("--columns", default=columns, help="declared columns: id,team=Team name")
    parser.add_argument("--rows", type=int, default=5, help="how many rows to print")


def columns_of(text: str) -> tuple[ColumnSpec, ...]:
    """Columns as they are declared on a command line: `id,team=Team name`."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    return tuple(ColumnSpec(name.strip(), header.strip() or None) for name, _, header in pairs)


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
    add_stream(parser, "id")
    parser.add_argument("--cursor", help="the column that tells what changed")
    parser.add_argument("--all", action="store_true", help="read everything, not a sample")
    return parser


def _filled(value: Any) -> Any:
    """References to environment variables, filled in: a secret stands in no argument."""
    if isinstance(value, dict):
        return {name: _filled(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: os.environ.get(match[1], ""), value)
    return value


def _show(batch: Batch, rows: int) -> None:
    """Columns (with their types where the source has any), rows, refused rows, the receipt."""
    lines = batch.layout == "json_lines"
    if not lines:
        named = (f"{f.name} ({f.type})" if batch.typed else f.name for f in batch.schema)
        _say(f"columns: {', '.join(named)}")
    left = rows
    for part in batch.reader():
        for row in part.slice(0, max(left, 0)).to_pylist():
            _say(_printable(row["_line"]) if lines else json.dumps(row, default=str))
        left -= part.num_rows
    for refused in batch.tally.ragged[:rows]:
        _say(f"refused: row {refused.row}: {refused.reason}: {refused.text!a}")
    _say(json.dumps(batch.receipt().as_dict(), indent=2))


def _printable(line: str) -> str:
    return line.encode("ascii", "backslashreplace").decode()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
