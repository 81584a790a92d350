"""Scoring a range of days in a single run.

What belongs here: the asset that has a partition for each day (a backfill from Dagster's
page or command line), and the job that takes the range as its configuration. What does
not: scoring a day.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from pipelines.assets import RESOURCE
from pipelines.outcomes import LogListener, clear_failures
from pipelines.project import Scored, Steps
from pipelines.score_metadata import day_metadata
from scoreline.core.model import Plan

BY_DAY = dg.AssetKey("scores_by_day")
JOB = "backfill_scores"
_LONGEST = 3660


def days_between(first: str, last: str, newest: date) -> list[date]:
    """Every day from `first` to `last`, both included.

    Args:
        first: the earliest day, `YYYY-MM-DD`.
        last: the latest.
        newest: the newest day that can be scored.

    Raises:
        Failure: a date is not one, the range is inverted, longer than ten years, or goes
            past the newest day.
    """
    start, end = _day("from", first), _day("to", last)
    if end < start:
        raise _refused(f"to: {last} lies before from: {first}; swap them")
    if end > newest:
        raise _refused(f"to: {last} is after {newest}, the newest day that can be scored")
    length = (end - start).days + 1
    if length > _LONGEST:
        raise _refused(f"{first} to {last} are {length:,} days; at most {_LONGEST:,} in one run")
    return [start + timedelta(days=n) for n in range(length)]


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refused(f"{name}: {text!r} is not a day; write YYYY-MM-DD") from None


def _refused(words: str) -> dg.Failure:
    return dg.Failure(words, allow_retries=False)


def score_days(steps: Steps, days: list[date], log: dg.DagsterLogManager) -> Iterator[Scored]:
    """Score each day in order, saying how far it is; ends at the first that fails.

    Raises:
        Failure: a day could not be scored, or one of its metrics; earlier days are recorded.
    """
    with clear_failures():
        for number, done in enumerate(steps.score(days, LogListener(log)), start=1):
            day = done.report.as_of
            log.info("%s scored, %d of %d", day, number, len(days))
            yield done
            if done.report.errors:
                words = "\n".join(f"{n}: {why}" for n, why in done.report.errors.items())
                raise _refused(f"{day}: not everything could be measured\n{words}")


def by_day_asset(plan: Plan) -> dg.AssetsDefinition:
    """The asset with a partition for each day since the first cycle began."""
    organisation = plan.organisation
    start = min(c.start for c in organisation.cycles.values())

    @dg.asset(
        key=BY_DAY,
        group_name="backfill",
        partitions_def=dg.DailyPartitionsDefinition(
            start_date=start.isoformat(), timezone=organisation.timezone, end_offset=1
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={RESOURCE},
        tags={"scoreline/layer": "backfill"},
        description=(
            "Every key result scored as of each day. Materialise a range of days to fill the "
            f"history: it is one run. The job `{JOB}` does the same with `from` and `to`."
        ),
    )
    def scores_by_day(context: dg.AssetExecutionContext) -> None:
        days = sorted(date.fromisoformat(key) for key in context.partition_keys)
        for done in score_days(context.resources.scoreline, days, context.log):
            day = done.report.as_of.isoformat()
            context.add_asset_metadata(day_metadata(done.report), partition_key=day)

    return scores_by_day


def backfill_job() -> dg.JobDefinition:
    """The job that scores the days `from` to `to`, both included, in one run."""

    @dg.op(
        name="score_range",
        required_resource_keys={RESOURCE},
        config_schema={
            "from": dg.Field(str, description="The first day, YYYY-MM-DD."),
            "to": dg.Field(str, description="The last day, YYYY-MM-DD, included."),
        },
    )
    def score_range(context: dg.OpExecutionContext) -> None:
        steps: Steps = context.resources.scoreline
        with clear_failures():
            newest = steps.newest_day()
        days = days_between(context.op_config["from"], context.op_config["to"], newest)
        for done in score_days(steps, days, context.log):
            event = dg.AssetMaterialization(
                BY_DAY,
                partition=done.report.as_of.isoformat(),
                metadata=day_metadata(done.report),
            )
            context.log_event(event)

    @dg.job(name=JOB, description="Score every day of a range, one after another, in one run.")
    def backfill_scores() -> None:
        score_range()

    return backfill_scores
