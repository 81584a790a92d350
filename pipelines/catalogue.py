"""What the definitions say, as the assets need it: keys, files, and what is broken.

What belongs here: reading `okr_defs/` once when a code location loads, and which asset
stands for which stream or file. What does not: Dagster's definitions themselves, and
anything heavier than reading YAML.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from pipelines.naming import file_key, stream_key, unique_keys
from scoreline.core.errors import Problem
from scoreline.core.model import KeyResult, Metric, Plan
from scoreline.definitions.canonical import metric_closure, metrics_of, relation_closure
from scoreline.definitions.project import load_project
from scoreline.measures.allowed import validate

ORGANISATION = "okr_defs/organisation.yaml"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One reading of the definitions.

    Attributes:
        root: the project's folder.
        plan: what they say, what only its SQL gets wrong included (the graph is drawn from
            it); None where organisation.yaml cannot be used.
        errors: everything that is wrong, SQL included.
        streams: stream (full name) -> asset, those in error included.
        metrics: metrics file -> asset.
        objectives: objectives file -> asset.
        others: any other file with an error -> asset; a source or model, or one at a
            place where no definitions are read from.
    """

    root: Path
    plan: Plan | None
    errors: tuple[Problem, ...]
    streams: dict[str, dg.AssetKey]
    metrics: dict[str, dg.AssetKey]
    objectives: dict[str, dg.AssetKey]
    others: dict[str, dg.AssetKey]

    @property
    def files(self) -> dict[str, dg.AssetKey]:
        """Every file that has an asset: metrics, objectives, then the broken others."""
        return self.metrics | self.objectives | self.others


def read_catalogue(root: Path) -> Catalogue:
    """Read the definitions below `root`; never raises for their content."""
    loading = load_project(root)
    plan = loading.plan
    found = [*loading.problems, *(validate(plan, None) if plan else ())]
    errors = tuple(p for p in found if p.severity == "error")
    sources = set(plan.sources) if plan else set()
    broken = {s.removeprefix("stream ") for s in (p.scope for p in errors) if _is_stream(s)}
    broken = {name for name in broken if name.split(".", 1)[0] in sources}
    streams = sorted({*(plan.streams if plan else ()), *broken})
    metrics = [f.path for f in loading.files if f.kind == "metrics"]
    objectives = [f.path for f in loading.files if f.kind == "objectives"]
    ours = {*metrics, *objectives}
    others = {p.place.file or ORGANISATION for p in errors if not _is_told(p, broken)} - ours
    files = sorted(ours | others)
    wanted = {name: stream_key(name) for name in streams} | {f: file_key(f) for f in files}
    keys = unique_keys(wanted)
    return Catalogue(
        root=root,
        plan=plan,
        errors=errors,
        streams={name: keys[name] for name in streams},
        metrics={f: keys[f] for f in metrics},
        objectives={f: keys[f] for f in objectives},
        others={f: keys[f] for f in sorted(others)},
    )


def errors_in(errors: Iterable[Problem], file: str) -> list[Problem]:
    """The errors that stand in a file."""
    return [p for p in errors if p.severity == "error" and (p.place.file or ORGANISATION) == file]


def errors_of_stream(errors: Iterable[Problem], full_name: str) -> list[Problem]:
    """The errors of a stream, and those of its source as a whole."""
    source = full_name.split(".", 1)[0]
    scopes = {f"stream {full_name}", f"source {source}"}
    return [p for p in errors if p.severity == "error" and p.scope in scopes]


def streams_of_file(plan: Plan, file: str) -> list[str]:
    """The streams that the metrics of a file read, through models and other metrics."""
    names = [m.name for m in metrics_in(plan, file)]
    read = [m.from_ for m in metric_closure(plan, names).values() if m.from_]
    return [name for name in relation_closure(plan, read) if name in plan.streams]


def metrics_in(plan: Plan, file: str) -> list[Metric]:
    """The metrics of a file, in their order."""
    return [m for m in plan.metrics.values() if m.file == file]


def metric_files_of(plan: Plan, file: str) -> list[str]:
    """The metrics files that the key results of an objectives file rest on."""
    names = [n for k in key_results_in(plan, file) for n in metrics_of(k)]
    return list(dict.fromkeys(m.file for m in metric_closure(plan, names).values()))


def key_results_in(plan: Plan, file: str) -> list[KeyResult]:
    """The key results of a file, in their order."""
    return [k for k in plan.key_results.values() if k.file == file]


def _is_stream(scope: str) -> bool:
    return scope.startswith("stream ") and "." in scope


def _is_told(problem: Problem, broken_streams: set[str]) -> bool:
    """Whether a stream's own asset tells of the problem."""
    return _is_stream(problem.scope) and problem.scope.removeprefix("stream ") in broken_streams
