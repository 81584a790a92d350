"""Which assets of a run failed, why, and whether to try again.

What belongs here: turning what the steps reported into failures of single assets, and the
one exception that ends an op after its healthy assets were materialised. What does not:
the assets themselves, and running anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pipelines.catalogue import Catalogue, errors_in, errors_of_stream, metrics_in
from pipelines.project import Ingested, Scored
from pipelines.texts import block, counted, printable, problem_text
from scoreline.core.errors import Problem, ScorelineError

MAX_RETRIES = 3
LONGEST_WAIT = 300
"""Seconds that a run waits inside a step; meanwhile nothing else can run."""
_FIRST_WAIT = 30


class LogListener:
    """Writes the product's progress to the run's log."""

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log

    def begin(self, what: str, total: int | None = None) -> None:
        """One line for each piece of work."""
        self._log.info(printable(what if total is None else f"{what} ({total:,})"))

    def advance(self, note: str = "") -> None:
        """Nothing: a line for every object would cost more than the object."""

    def end(self) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """One line."""
        self._log.info(printable(text))

    def warn(self, text: str) -> None:
        """One line, as a warning."""
        self._log.warning(printable(text))


@dataclass(frozen=True, slots=True)
class Broken:
    """Why one asset failed; `wait` in seconds where trying again may help."""

    why: str
    wait: float | None = None


@contextmanager
def clear_failures() -> Iterator[None]:
    """Shows the product's own errors as they are worded, without a traceback of ours."""
    try:
        yield
    except ScorelineError as error:
        raise dg.Failure(printable(str(error)), allow_retries=False) from None


def failure(broken: Mapping[str, Broken]) -> dg.Failure:
    """One failure that names every broken asset, each with its reason."""
    texts = [f"{name}\n{broken[name].why}" for name in broken]
    text = f"{counted(len(broken), 'part')} failed; everything else was done.\n\n"
    metadata = {name: dg.MetadataValue.md(block(one.why)) for name, one in broken.items()}
    return dg.Failure(text + "\n\n".join(texts), metadata=metadata, allow_retries=False)


def raise_for(broken: Mapping[str, Broken], attempt: int) -> None:
    """End the op if anything is broken: try again where that may help, else fail.

    Args:
        broken: what failed, by name.
        attempt: how many times the step was already tried again.

    Raises:
        RetryRequested: something may succeed later, and the wait is one a run may take.
        Failure: nothing may, or it was tried often enough.
    """
    if not broken:
        return
    waits = [one.wait for one in broken.values() if one.wait is not None]
    if waits and attempt < MAX_RETRIES and max(waits) <= LONGEST_WAIT:
        raise dg.RetryRequested(MAX_RETRIES, max(waits)) from failure(broken)
    raise failure(broken)


def broken_streams(done: Ingested, wanted: Collection[str], attempt: int) -> dict[str, Broken]:
    """The streams that could not be read, of those wanted.

    Args:
        done: what ingesting the source did.
        wanted: full names.
        attempt: how many times it was already tried again; waits double with it.
    """
    found = {}
    for name in wanted:
        report = done.report.streams.get(name) if done.report else None
        if report is not None and report.error is not None:
            found[name] = _of_stream(report.error, report.transient, report.retry_after, attempt)
        elif done.report is not None and done.report.error is not None:
            found[name] = _of_stream(done.report.error, done.report.transient, None, attempt)
        elif report is None:
            found[name] = Broken(_missing(done.errors, name))
    return found


def _of_stream(error: str, transient: bool, after: float | None, attempt: int) -> Broken:
    if not transient:
        return Broken(printable(error))
    wait = float(_FIRST_WAIT * 2**attempt) if after is None else max(after, 0.0)
    if wait > LONGEST_WAIT:
        words = f"it asks to wait {wait:,.0f} s: the next scheduled run tries again"
        return Broken(f"{printable(error)} ({words})")
    return Broken(printable(error), wait)


def _missing(errors: Collection[Problem], stream: str) -> str:
    found = errors_of_stream(errors, stream)
    return problem_text(found) or (
        f"the definitions do not have {stream} any more; reload the code location"
    )


def broken_files(done: Scored, catalogue: Catalogue, wanted: Collection[str]) -> dict[str, Broken]:
    """The definition files that failed, of those wanted, and what belongs to no asset.

    Args:
        done: what scoring did.
        catalogue: the definitions as the code location read them.
        wanted: files, relative to the project's folder.
    """
    found = {f: Broken(text) for f in wanted if (text := _of_file(done, catalogue, f))}
    loose = [p for p in done.errors if not _has_asset(p, catalogue)]
    for problem in loose:
        found.setdefault(str(problem.place.file), Broken(problem_text([problem])))
    known = {m.name for f in catalogue.metrics for m in metrics_in(done.plan, f)}
    for name, words in done.report.errors.items():
        if name not in known:
            found.setdefault(name, Broken(printable(words)))
    return found


def _of_file(done: Scored, catalogue: Catalogue, file: str) -> str:
    problems = errors_in(done.errors, file)
    texts = [problem_text(problems)] if problems else []
    names = [m.name for m in metrics_in(done.plan, file)]
    errors = done.report.errors
    texts += [f"metric {n}: {printable(errors[n])}" for n in names if n in errors]
    told = {p.scope for p in problems}
    before = metrics_in(catalogue.plan, file) if catalogue.plan else []
    left_out = [m.name for m in before if m.name not in done.plan.metrics]
    texts += [
        f"metric {n} is left out: it rests on a model or metric that is in error"
        for n in left_out
        if f"metric {n}" not in told
    ]
    return "\n".join(texts)


def _has_asset(problem: Problem, catalogue: Catalogue) -> bool:
    """Whether an asset of this code location tells of the problem."""
    kind, _, name = problem.scope.partition(" ")
    sources = {stream.split(".", 1)[0] for stream in catalogue.streams}
    if kind in ("source", "stream") and name.split(".", 1)[0] in sources:
        return True
    return problem.place.file in catalogue.files


def materialised(context: Any, key: dg.AssetKey) -> bool:
    """Whether an earlier attempt of this step materialised the asset in this run."""
    if not context.retry_number:
        return False
    event = context.instance.get_latest_materialization_event(key)
    return event is not None and event.run_id == context.run.run_id
