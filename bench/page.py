"""How long people wait for pages: clicking people against a server on this machine.

What belongs here: asking and counting. What does not: the organisation that is served
(large). Needs a project that was run: `python -m bench.large FOLDER`.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

LARGEST = 300_000
"""How many bytes of HTML a page has at most, uncompressed."""


@dataclass(frozen=True, slots=True)
class Click:
    """One page load: what was asked for, seconds, bytes."""

    kind: str
    took: float
    size: int


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server of its own for a project; its address."""
    start = "from scoreline.cli import main; main()"
    command = [sys.executable, "-c", start, "serve", "--project", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            words = server.stdout.readline()
            found = re.search(r"http://[^/\s]+", words)
            assert found is not None, words
            yield found.group()
        finally:
            server.terminate()


def walk(base: str, seed: int, clicks: int, pause: float) -> list[Click]:
    """One person: overview, filters, key results, other pages, in a random order."""
    chance = random.Random(seed)  # noqa: S311 - a workload, no secret
    found = []
    with httpx.Client(base_url=base, timeout=60) as client:
        teams = re.findall(r'<option value="([^"]+)"', _select(client.get("/").text, "team"))
        names: list[str] = []
        for _ in range(clicks):
            kind, path = _next(chance, teams, names)
            start = time.perf_counter()
            answer = client.get(path)
            found.append(Click(kind, time.perf_counter() - start, len(answer.content)))
            assert answer.status_code == 200, (path, answer.status_code)
            names = re.findall(r'href="(/key-results/[^"?]+)"', answer.text) or names
            time.sleep(chance.random() * 2 * pause)
    return found


def _select(page: str, name: str) -> str:
    start = page.index(f'<select name="{name}"')
    return page[start : page.index("</select>", start)]


def _next(chance: random.Random, teams: Sequence[str], names: Sequence[str]) -> tuple[str, str]:
    kind = chance.choice(
        ("overview", "team", "table", "key result", "key result", "search", "other")
    )
    if kind == "key result" and names:
        return kind, chance.choice(names)
    if kind in ("team", "key result"):
        return "team", f"/?team={chance.choice(teams)}"
    if kind == "table":
        return kind, f"/?view=table&sort=status&page={chance.randrange(1, 20)}"
    if kind == "search":
        return kind, f"/?q=measure+{chance.randrange(140)}"
    if kind == "other":
        return kind, chance.choice(("/changes", "/review", "/health", "/celebrate"))
    return kind, "/"


def report(clicks: Sequence[Click]) -> None:
    """Print median, 95th percentile and the largest page, for each kind and all."""
    print(f"{'page':12} {'loads':>6} {'median':>9} {'p95':>9} {'largest':>10}")
    kinds = sorted({c.kind for c in clicks})
    for kind in (*kinds, "all"):
        some = [c for c in clicks if kind in (c.kind, "all")]
        times = sorted(c.took * 1000 for c in some)
        p95 = times[min(len(times) - 1, len(times) * 95 // 100)]
        print(
            f"{kind:12} {len(some):6} {statistics.median(times):6.0f} ms {p95:6.0f} ms "
            f"{max(c.size for c in some):8,} B"
        )


def main() -> int:
    """Serve a project, let people click, and say how long they waited."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--clicks", type=int, default=20, help="of each")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between clicks, mean")
    given = parser.parse_args()
    with serving(given.folder) as base:
        httpx.get(base, timeout=300)
        walk(base, 0, 10, 0)
        with ThreadPoolExecutor(given.people) as people:
            walks = people.map(
                lambda n: walk(base, n, given.clicks, given.pause), range(1, given.people + 1)
            )
            clicks = [click for one in walks for click in one]
    report(clicks)
    return int(max(c.size for c in clicks) > LARGEST)


if __name__ == "__main__":
    sys.exit(main())
