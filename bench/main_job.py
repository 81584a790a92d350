"""The main job beside the hand-written script: ratios from interleaved runs.

What belongs here: which runs, in which order, and the tables. What does not: the jobs
(product, baseline), measuring a process (processes).

    python -m bench.main_job [--rows 5000000] [--times 3] [--large] [--many]

A round has a run of each kind in turn, so that a busy machine is busy for all of them; the
tables show medians over the rounds. The baseline always makes everything anew, over the
same files as the run of the product that it is compared with. The last table holds what was
found against what is promised; processor time says more than the clock on a machine that
others use too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from bench.compare import differences
from bench.generate import generate
from bench.processes import Measured, measure
from bench.product import PARTS
from bench.workload import BASE_LAST, Workload, increment_days

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {"first run": 2.0, "1 % more, without import": 0.3, "nothing new": 0.2}
PEAK_TARGET = 1.5
LARGE_PEAK_TARGET = 4096.0
MANY_TARGET = 1.0
Promise = tuple[str, float, float]
"""What is promised, what was found, the most that it may be."""


@dataclass(slots=True)
class Runs:
    """The measurements of one kind of run, and the parts of each."""

    name: str
    measured: list[Measured] = field(default_factory=list)
    parts: list[dict[str, float]] = field(default_factory=list)

    def add(self, found: Measured, answer: dict[str, Any]) -> None:
        """One more; with `warm_…` in the answer, that much is left out."""
        wall = found.wall - answer.get("warm_wall", 0.0)
        cpu = found.cpu - answer.get("warm_cpu", 0.0)
        self.measured.append(Measured(wall, cpu, found.peak, ""))
        self.parts.append(answer["parts"])

    def median(self, what: str) -> float:
        """The median of `wall`, `cpu` or `peak`."""
        return float(statistics.median(getattr(m, what) for m in self.measured))

    def part(self, name: str) -> float:
        """The median seconds of a part."""
        return statistics.median(p.get(name, 0.0) for p in self.parts)


class Bench:
    """Rounds over one workload, in one folder."""

    def __init__(self, workload: Workload, folder: Path, *, seed: int) -> None:
        """Writes the data."""
        self.workload, self._folder = workload, folder
        self.runs: dict[str, Runs] = {}
        generate(workload, folder / "made", seed)

    def round(self, *, only_first: bool = False) -> None:
        """One run of each kind.

        Raises:
            SystemExit: a run failed, or values differ.
        """
        project = self._project()
        self._baseline("baseline", project, BASE_LAST)
        self._product("first run", project, BASE_LAST)
        self._hold_equal(project, BASE_LAST)
        if only_first:
            return
        self._product("nothing new", project, BASE_LAST)
        last = self._deliver(project, 1)
        self._product("1 % more", project, last)
        last = self._deliver(project, 2)
        self._product("1 % more, without import", project, last, "--warm")
        self._baseline("baseline, 2 % more", project, last)
        self._hold_equal(project, last)

    def _project(self) -> Path:
        project = self._folder / "project"
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(self._folder / "made" / "okr_defs", project / "okr_defs")
        self._link(self._folder / "made" / "base", project)
        return project

    def _deliver(self, project: Path, number: int) -> date:
        """Have increment `number` arrive; its last day."""
        self._link(self._folder / "made" / f"increment-{number}", project)
        return increment_days(number)[1]

    def _link(self, delivery: Path, project: Path) -> None:
        for file in sorted(delivery.glob("*/*.csv")):
            target = project / "data" / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, target)

    def _product(self, name: str, project: Path, as_of: date, *more: str) -> None:
        self._run(name, "bench.product", str(project), "--as-of", str(as_of), *more)

    def _baseline(self, name: str, project: Path, as_of: date) -> None:
        size = self.workload
        self._run(
            name,
            "bench.baseline",
            str(project / "data"),
            str(self._database),
            *("--as-of", str(as_of), "--rows", str(size.rows)),
            *("--metrics", str(size.metrics), "--key-results", str(size.key_results)),
        )

    @property
    def _database(self) -> Path:
        return self._folder / "baseline.duckdb"

    def _run(self, name: str, module: str, *arguments: str) -> None:
        found = measure([sys.executable, "-m", module, *arguments], ROOT)
        answer = json.loads(found.output)
        self.runs.setdefault(name, Runs(name)).add(found, answer)
        print(f"  {name}: {found.wall:.2f} s", file=sys.stderr)

    def _hold_equal(self, project: Path, as_of: date) -> None:
        found = differences(project, self._database, self.workload, as_of)
        if found:
            raise SystemExit("\n".join(["the values differ:", *found[:10]]))


def show(bench: Bench) -> None:
    """Print the medians, the ratios to the baseline, and the shares of the parts."""
    base = bench.runs["baseline"]
    later = bench.runs.get("baseline, 2 % more", base)
    print(f"\n{'':26}  wall s   cpu s   MiB     times the baseline: wall   cpu  memory  target")
    for runs in bench.runs.values():
        against = later if "more" in runs.name else base
        ratios = [runs.median(w) / against.median(w) for w in ("wall", "cpu", "peak")]
        target = TARGETS.get(runs.name)
        print(
            f"{runs.name:26}{runs.median('wall'):8.2f}{runs.median('cpu'):8.2f}"
            f"{runs.median('peak') / 2**20:6.0f}{'':25}{ratios[0]:6.2f}{ratios[1]:6.2f}"
            f"{ratios[2]:8.2f}{target if target else '':>8}"
        )
    print(f"\n{'seconds of the parts':26}" + "".join(f"{name:>9}" for name in PARTS))
    for runs in bench.runs.values():
        if "baseline" not in runs.name:
            print(f"{runs.name:26}" + "".join(f"{runs.part(name):9.2f}" for name in PARTS))
    for runs in (base, later) if later is not base else (base,):
        words = ", ".join(f"{name} {runs.part(name):.2f}" for name in runs.parts[0])
        print(f"{runs.name}: {words}")


def promises(bench: Bench) -> list[Promise]:
    """The ratios to the baseline of a workload that ran in full, against their targets."""
    base = bench.runs["baseline"]
    found = []
    for name, target in TARGETS.items():
        runs = bench.runs[name]
        against = bench.runs["baseline, 2 % more"] if "more" in name else base
        for what, unit in (("wall", "time"), ("cpu", "processor time")):
            ratio = runs.median(what) / against.median(what)
            found.append((f"{name}: {unit}, times the baseline", ratio, target))
    peak = max(runs.median("peak") for name, runs in bench.runs.items() if "base" not in name)
    return [*found, ("peak of memory, times the baseline", peak / base.median("peak"), PEAK_TARGET)]


def large_promises(bench: Bench, large: Bench) -> list[Promise]:
    """Ten times the rows take ten times as long at most, in bounded memory."""
    run, small = large.runs["first run"], bench.runs["first run"]
    growth = [
        (f"ten times the rows: {unit}, times ten", run.median(what) / small.median(what) / 10, 1.0)
        for what, unit in (("wall", "time"), ("cpu", "processor time"))
    ]
    return [
        *growth,
        ("ten times the rows: peak, MiB", run.median("peak") / 2**20, LARGE_PEAK_TARGET),
    ]


def many_promises(many: Bench) -> list[Promise]:
    """Scoring and recording, beside the measuring."""
    run = many.runs["first run"]
    seconds = run.part("score") + run.part("record")
    return [("10,000 key results: scored and recorded, s", seconds, MANY_TARGET)]


def show_promises(found: list[Promise]) -> None:
    """Print what was found against what is promised."""
    print(f"\n{'':52}{'found':>9}{'at most':>9}")
    for words, value, most in found:
        print(f"{words:52}{value:9.2f}{most:9.2f}  {'' if value <= most else 'missed'}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--times", type=int, default=3, help="rounds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary one otherwise")
    parser.add_argument("--large", action="store_true", help="ten times the rows as well, once")
    parser.add_argument("--many", action="store_true", help="10,000 key results on 1,000 metrics")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder) as folder:
        print(f"\n{given.rows:,} + {given.rows // 10:,} rows, 200 metrics, 200 key results")
        bench = Bench(Workload(given.rows), Path(folder) / "main", seed=given.seed)
        for _ in range(given.times):
            bench.round()
        show(bench)
        found = promises(bench)
        if given.large:
            rows = given.rows * 10
            print(f"\n{rows:,} + {rows // 10:,} rows, once")
            large = Bench(Workload(rows, lms_files=20), Path(folder) / "large", seed=given.seed)
            large.round(only_first=True)
            show(large)
            found += large_promises(bench, large)
        if given.many:
            print("\n10,000 key results on 1,000 metrics, 200,000 + 20,000 rows")
            size = Workload(200_000, metrics=1000, key_results=10_000)
            many = Bench(size, Path(folder) / "many", seed=given.seed)
            for _ in range(given.times):
                many.round(only_first=True)
            show(many)
            found += many_promises(many)
        show_promises(found)


if __name__ == "__main__":
    main()
