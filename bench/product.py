"""One run of the product, as `scoreline run --json` does it, with the seconds of its parts.

What belongs here: opening a project, running it, and timing. What does not: anything that
the product does. The parts are taken at the named points of `scoreline.core.faults`, which
a run passes anyway; time between two points goes to the part that the second one ends.

    python -m bench.product PROJECT --as-of 2025-12-20 [--warm]

With `--warm`, Great Expectations is imported and used once before the run begins; what that
took is given as `warm_wall` and `warm_cpu`, to be left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

from bench.processes import processor_seconds
from scoreline.core.garbage import rarely_collected

_PARTS = {
    "extract.copied": "copy",
    "land.typed": "type",
    "land.stored": "store",
    "land.committed": "store",
    "validate.done": "check",
    "validate.committed": "check",
    "load.begun": "load",
    "load.committed": "load",
    "load.marked": "load",
    "measure.done": "measure",
    "record.begun": "score",
    "record.committed": "record",
}
PARTS = ("start", "open", *dict.fromkeys(_PARTS.values()), "report")


class Parts:
    """Seconds by part: on the clock, and of this process's processor time."""

    def __init__(self) -> None:
        """Begins now."""
        self.seconds: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self._last, self._last_cpu = time.perf_counter(), time.process_time()

    def point(self, name: str) -> None:
        """A point of the product was reached."""
        self.ends(_PARTS[name])

    def ends(self, part: str) -> None:
        """What was done since the last call was that part."""
        now, cpu = time.perf_counter(), time.process_time()
        self.seconds[part] += now - self._last
        self.cpu[part] += cpu - self._last_cpu
        self._last, self._last_cpu = now, cpu

    def skip(self) -> float:
        """What was done since the last call counts for nothing; returns its seconds."""
        now = time.perf_counter()
        gone, self._last, self._last_cpu = now - self._last, now, time.process_time()
        return gone


def run(root: Path, as_of: date, *, warm: bool, checks: bool) -> dict[str, object]:
    """Run a project once.

    Args:
        root: its folder.
        as_of: the day to score.
        warm: have Great Expectations ready before the run begins.
        checks: evaluate the checks; without, every batch passes unseen.
    """
    parts = Parts()
    from scoreline.cli.running import run_as_json
    from scoreline.core import faults
    from scoreline.quality.gx import GxValidator
    from scoreline.steps.run import run_all
    from scoreline.wiring import open_project

    parts.ends("start")
    answer: dict[str, object] = {}
    validator = GxValidator() if checks else None
    if warm and validator is not None:
        answer["warm_cpu"] = _warm(validator)
        answer["warm_wall"] = parts.skip()
    if validator is None:
        from bench.unchecked import Unchecked

        project = open_project(root, validator=Unchecked())
    else:
        project = open_project(root, validator=validator)
    parts.ends("open")
    faults.arm(parts.point)
    try:
        report = run_all(project, as_of)
        answer["run"] = run_as_json(report)
    finally:
        faults.arm(None)
        project.close()
    parts.ends("report")
    answer["parts"] = {name: round(parts.seconds[name], 4) for name in PARTS}
    answer["cpu"] = {name: round(parts.cpu[name], 4) for name in PARTS}
    return answer


def _warm(validator: object) -> float:
    """Have the child import everything and check one row; its processor seconds for that."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from scoreline.quality.gx import GxValidator
    from scoreline.quality.model import CheckSpec

    assert isinstance(validator, GxValidator)
    check = CheckSpec(
        "expect_column_values_to_not_be_null", {"column": "a"}, "block", "expect", "a", ""
    )
    with tempfile.TemporaryDirectory() as folder:
        typed = Path(folder) / "one.parquet"
        pq.write_table(pa.table({"a": ["x"], "_row": [1]}), typed)
        verdict = validator.validate(typed, [], [check], Path(folder) / "out")
    assert verdict.outcomes[0].outcome == "pass", verdict
    assert validator.pid is not None
    return processor_seconds(validator.pid)


def main() -> None:
    """Run from the command line; prints one JSON object."""
    parser = argparse.ArgumentParser(description="One run of the product, with its parts.")
    parser.add_argument("project", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--unchecked", action="store_true", help="no checks at all")
    given = parser.parse_args()
    with rarely_collected():  # as the command line has it
        answer = run(given.project, given.as_of, warm=given.warm, checks=not given.unchecked)
    from scoreline.cli.main import leave

    failed = answer["run"]["failed"]  # type: ignore[index]
    print(json.dumps(answer))
    leave(1 if failed else 0)


if __name__ == "__main__":
    main()
