"""Every job once, in this process and through Dagster: `python -m pipelines.run_all`.

What belongs here: ingesting each source, then scoring, so that Dagster's page shows the
runs afterwards; one line for each. What does not: the steps (`scoreline run` takes them
without Dagster).

Exit status: 0 where every job did what it could (a blocked batch is no failure), 3 where a
source, a check or a definition failed, 2 where nothing could run at all.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import dagster as dg

from pipelines.assets import RESOURCE
from pipelines.catalogue import read_catalogue
from pipelines.definitions import build_definitions, project_root
from pipelines.jobs import SCORE, ingest_job_name, ingest_jobs
from pipelines.metadata import Metadata
from pipelines.project import ProjectSteps, Steps
from pipelines.texts import counted, printable, problem_text

HOME = "DAGSTER_HOME"
FINE, NOTHING, FAILED = 0, 2, 3
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def main() -> int:
    """Run everything for the project and return the exit status."""
    warnings.simplefilter("ignore", dg.BetaWarning)
    warnings.simplefilter("ignore", dg.PreviewWarning)
    logging.getLogger("dagster").setLevel(logging.ERROR)
    root = project_root()
    os.environ.setdefault(HOME, str(root))
    Path(os.environ[HOME]).mkdir(parents=True, exist_ok=True)
    steps = ProjectSteps(root, keep_open=True)
    try:
        with dg.DagsterInstance.get() as instance:
            return run_all(root, instance, steps)
    finally:
        steps.close()


def run_all(root: Path, instance: dg.DagsterInstance, steps: Steps) -> int:
    """Each source's job, then the scoring job, whatever became of the ones before.

    Args:
        root: the project's folder.
        instance: where Dagster records the runs.
        steps: what does the work.

    Returns:
        The exit status.
    """
    catalogue = read_catalogue(root)
    if catalogue.plan is None:
        _say(sys.stderr, f"the definitions cannot be used\n{problem_text(catalogue.errors)}")
        return NOTHING
    defs = build_definitions(root, resource_overrides={RESOURCE: steps})
    failed = False
    for source in ingest_jobs(catalogue):
        result = _execute(defs, ingest_job_name(source), instance)
        _say(sys.stdout, _ingest_line(source, result))
        failed |= _failed(result)
    if catalogue.files:
        result = _execute(defs, SCORE, instance)
        _say(sys.stdout, _score_line(result))
        failed |= _failed(result)
    return FAILED if failed else FINE


def _execute(
    defs: dg.Definitions, name: str, instance: dg.DagsterInstance
) -> dg.ExecuteInProcessResult:
    job = defs.resolve_job_def(name)
    result = job.execute_in_process(run_config=_QUIET, instance=instance, raise_on_error=False)
    for event in result.get_step_failure_events():
        error = event.step_failure_data.user_failure_data
        cause = event.step_failure_data.error
        text = error.description if error else (cause.message if cause else "")
        _say(sys.stderr, f"{name}: {printable(text or 'failed')}")
    return result


def _failed(result: dg.ExecuteInProcessResult) -> bool:
    checks = result.get_asset_check_evaluations()
    unevaluated = [c for c in checks if _value(dict(c.metadata), "outcome") == "error"]
    return not result.success or bool(unevaluated)


def _ingest_line(source: str, result: dg.ExecuteInProcessResult) -> str:
    total: Counter[str] = Counter()
    for found in _materialised(result):
        for name in ("batches landed", "batches blocked", "rows inserted", "rows quarantined"):
            total[name] += _count(found, name)
    parts = [
        counted(total["batches landed"], "new batch", "new batches"),
        f"{counted(total['rows inserted'], 'row')} loaded",
        f"{counted(total['rows quarantined'], 'row')} quarantined",
        f"{total['batches blocked']} blocked",
    ]
    return _line(source, parts, result)


def _score_line(result: dg.ExecuteInProcessResult) -> str:
    statuses: Counter[str] = Counter()
    days = set()
    for found in _materialised(result):
        days.add(_value(found, "as of"))
        for name in found:
            if name.startswith("status: "):
                statuses[name.removeprefix("status: ")] += _count(found, name)
    parts = [f"as of {day}" for day in sorted(str(d) for d in days if d)]
    parts += [f"{n} {s.replace('_', ' ')}" for s, n in statuses.items() if n]
    return _line(SCORE, parts, result)


def _line(name: str, parts: list[str], result: dg.ExecuteInProcessResult) -> str:
    state = "" if result.success else "  FAILED in part (see above)"
    return f"{name:<14} {', '.join(parts)}{state}"


def _materialised(result: dg.ExecuteInProcessResult) -> Iterator[Metadata]:
    for event in result.get_asset_materialization_events():
        yield dict(event.step_materialization_data.materialization.metadata)


def _value(found: Metadata, name: str) -> object:
    value = found.get(name)
    return value.value if isinstance(value, dg.MetadataValue) else value


def _count(found: Metadata, name: str) -> int:
    value = _value(found, name)
    return value if isinstance(value, int) else 0


def _say(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
