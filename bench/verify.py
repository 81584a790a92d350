"""What verifying costs: a year of daily runs, beside a script that only hashes and parses.

What belongs here: making the history, running both, the table. What does not: definitions
and rows (year), measuring a command (processes).

    python -m bench.verify FOLDER --days 365 --at 91 182
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import year
from bench.processes import Measured, measure

_DATABASE = ".scoreline/control.db"
_VERIFY = (sys.executable, "-c", "from scoreline.cli import main; main()", "verify", "--json")
_SCRIPT = """\
import hashlib, json, sqlite3, sys, zlib
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
counts = {}
for digest, body in database.execute("SELECT digest, body FROM ledger_records"):
    assert hashlib.sha256(body).hexdigest() == digest
    kind = json.loads(body)["record"]
    counts[kind] = counts.get(kind, 0) + 1
series = "SELECT coding, series, series_digest FROM series_values"
for coding, content, digest in database.execute(series):
    text = zlib.decompress(content) if coding == "zlib" else content
    assert hashlib.sha256(text).hexdigest() == digest
print(counts.get("score", 0))
"""
"""Hashes and parses every record, and hashes every series; computes nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What verifying a history cost, and the script beside it."""

    scores: int
    product: Measured
    script: Measured

    def row(self) -> str:
        """A row of the table."""
        one, other = self.product, self.script
        return (
            f"| {self.scores:,} | {one.wall:.1f} | {one.cpu:.1f} | {other.cpu:.1f} "
            f"| {one.cpu / other.cpu:.1f} | {one.cpu / self.scores * 1e6:.0f} "
            f"| {one.peak / 2**20:,.0f} |"
        )


HEAD = (
    "| scores | wall, s | processor, s | script, processor, s | times the script "
    "| a score, µs of processor | memory, MiB |\n|---:|---:|---:|---:|---:|---:|---:|"
)


def cost(root: Path, times: int) -> Cost:
    """Verify a project and run the script in turn; the least of several of each.

    Raises:
        SystemExit: there was a finding.
    """
    script = (sys.executable, "-c", _SCRIPT, str(root / _DATABASE))
    pairs = [(measure(_VERIFY, root), measure(script, root)) for _ in range(times)]
    product = min((one for one, _ in pairs), key=lambda m: m.cpu)
    other = min((two for _, two in pairs), key=lambda m: m.cpu)
    return Cost(int(other.output), product, other)


def _made(root: Path, key_results: int, days: int, at: Sequence[int], times: int) -> None:
    """Make the history; on the way, print what it costs to verify it after some of the days."""
    year.write(root, key_results)
    for number, day in enumerate(year.run(root, days), 1):
        print(f"\rday {number} of {days}: {day}", end="", file=sys.stderr, flush=True)
        if number in at:
            print(file=sys.stderr)
            print(cost(root, times).row(), flush=True)
    print(file=sys.stderr)


def main() -> None:
    """Make a history, unless the folder holds one, and time `scoreline verify`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=365, help="daily runs")
    parser.add_argument("--key-results", type=int, default=1_000)
    parser.add_argument("--at", type=int, nargs="*", default=(), help="verify after these days too")
    parser.add_argument("--times", type=int, default=3, help="of which the least counts")
    given = parser.parse_args()
    root = given.folder.resolve()
    print(HEAD)
    if not (root / _DATABASE).exists():
        _made(root, given.key_results, given.days, given.at, given.times)
    print(cost(root, given.times).row())


if __name__ == "__main__":
    main()
