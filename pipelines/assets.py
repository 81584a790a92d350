"""The asset graph: one asset for each stream, and for each metrics or objectives file.

What belongs here: asset specs from the definitions, and the few lines that call a step and
hand its results to Dagster. What does not: the steps, the wording of metadata, schedules.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from pipelines import metadata, naming
from pipelines.catalogue import (
    Catalogue,
    errors_in,
    errors_of_stream,
    key_results_in,
    metric_files_of,
    metrics_in,
    streams_of_file,
)
from pipelines.checks import check_results, check_specs
from pipelines.outcomes import (
    LogListener,
    broken_files,
    broken_streams,
    clear_failures,
    failure,
    materialised,
    raise_for,
)
from pipelines.project import Ingested, Scored, Steps
from pipelines.score_metadata import metrics_metadata, objectives_metadata
from pipelines.texts import block, code, problem_text
from scoreline.core.errors import Place, Problem
from scoreline.core.model import Source, Stream

RESOURCE = "scoreline"
Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]


def build_assets(catalogue: Catalogue) -> list[dg.AssetsDefinition]:
    """Every asset of the definitions; one that says what is wrong where there is no plan."""
    if catalogue.plan is None:
        return [broken_definitions(catalogue)]
    with_streams = {name.split(".", 1)[0] for name in catalogue.streams}
    sources = [s for s in catalogue.plan.sources.values() if s.name in with_streams]
    found = [ingest_assets(catalogue, s) for s in sources]
    found += [score_assets(catalogue)] if catalogue.files else []
    return found


def broken_definitions(catalogue: Catalogue) -> dg.AssetsDefinition:
    """The one asset where organisation.yaml cannot be used; it fails with every error."""
    text = problem_text(catalogue.errors)
    places = [p.place for p in catalogue.errors]

    @dg.asset(
        name="definitions",
        group_name="definitions",
        description=f"The definitions cannot be used:\n\n{block(text)}",
        metadata=metadata.code_references(catalogue.root, places),
    )
    def definitions() -> None:
        raise dg.Failure(f"the definitions cannot be used\n{text}", allow_retries=False)

    return definitions


def ingest_assets(catalogue: Catalogue, source: Source) -> dg.AssetsDefinition:
    """The streams of one source: one op, any subset of them."""
    whole = {s.full_name: s for s in source.streams}
    names = [n for n in catalogue.streams if n.split(".", 1)[0] == source.name]
    keys = {n: catalogue.streams[n] for n in names}

    @dg.multi_asset(
        name=naming.name_of(f"ingest_{source.name}_streams"),
        specs=[_stream_spec(catalogue, source, whole.get(n), n) for n in names],
        check_specs=[c for n in names if n in whole for c in check_specs(whole[n], keys[n])],
        can_subset=True,
        required_resource_keys={RESOURCE},
        description=f"Extract, land, validate, gate and load {source.name}.",
    )
    def ingest(context: dg.AssetExecutionContext) -> Results:
        wanted = [n for n in names if keys[n] in context.selected_asset_keys]
        wanted = [n for n in wanted if not materialised(context, keys[n])]
        steps: Steps = context.resources.scoreline
        with clear_failures():
            done = steps.ingest(source.name, wanted, LogListener(context.log))
        broken = broken_streams(done, wanted, context.retry_number)
        checks = context.selected_asset_check_keys
        for name in wanted:
            asked = {c.name for c in checks if c.asset_key == keys[name]}
            yield from _stream_results(done, name, keys[name], name in broken, asked)
        raise_for(broken, context.retry_number)

    return ingest


def _stream_results(
    done: Ingested, name: str, key: dg.AssetKey, broken: bool, checks: set[str]
) -> Results:
    """A stream's materialisation, unless it failed, and the checks that were evaluated."""
    report = done.report.streams.get(name) if done.report else None
    if report is not None and not broken:
        batches = done.batches.get(name, ())
        found = metadata.stream_metadata(report, batches)
        yield dg.MaterializeResult(asset_key=key, metadata=found)
    if name in done.plan.streams:
        yield from check_results(done, done.plan.streams[name], key, checks)


def score_assets(catalogue: Catalogue) -> dg.AssetsDefinition:
    """The metrics and objectives files, and broken files without an asset: one op."""
    files = catalogue.files

    @dg.multi_asset(
        name="measure_and_score",
        specs=[*_metrics_specs(catalogue), *_objectives_specs(catalogue), *_others(catalogue)],
        can_subset=True,
        required_resource_keys={RESOURCE},
        description="Measure what changed, score every key result, record it all.",
    )
    def measure_and_score(context: dg.AssetExecutionContext) -> Results:
        wanted = [f for f in files if files[f] in context.selected_asset_keys]
        steps: Steps = context.resources.scoreline
        with clear_failures():
            [done] = steps.score([None], LogListener(context.log))
        broken = broken_files(done, catalogue, wanted)
        for file in wanted:
            if file not in broken:
                found = _file_metadata(catalogue, file, done)
                yield dg.MaterializeResult(asset_key=files[file], metadata=found)
        if broken:
            raise failure(broken)

    return measure_and_score


def _file_metadata(catalogue: Catalogue, file: str, done: Scored) -> dict[str, Any]:
    if file in catalogue.metrics:
        return metrics_metadata(file, done.plan, done.report)
    if file in catalogue.objectives:
        return objectives_metadata(file, done.plan, done.report)
    return {"state": "in order"}


def _stream_spec(
    catalogue: Catalogue, source: Source, stream: Stream | None, name: str
) -> dg.AssetSpec:
    errors = errors_of_stream(catalogue.errors, name)
    place = stream.place if stream else next((p.place for p in errors), source.place)
    told = stream.description or source.description if stream else ""
    meta = metadata.code_references(catalogue.root, [place])
    if stream is not None:
        meta["dagster/column_schema"] = metadata.column_schema(stream)
    return dg.AssetSpec(
        key=catalogue.streams[name],
        group_name=naming.name_of(source.name),
        description=_described([told, source.description], errors),
        owners=metadata.owners([source.owner]),
        kinds=metadata.kinds(source),
        tags={"scoreline/source": source.name, "scoreline/layer": "stream"},
        metadata=meta,
        freshness_policy=metadata.freshness_policy(stream.fresh_within) if stream else None,
        skippable=True,
    )


def _metrics_specs(catalogue: Catalogue) -> Iterator[dg.AssetSpec]:
    plan = catalogue.plan
    for file, key in catalogue.metrics.items():
        metrics = metrics_in(plan, file) if plan else []
        streams = streams_of_file(plan, file) if plan else []
        lines = [f"- {code(m.name)}: {code(m.title)} ({code(str(m.unit))})" for m in metrics]
        yield dg.AssetSpec(
            key=key,
            deps=[catalogue.streams[n] for n in streams if n in catalogue.streams],
            group_name="metrics",
            description=_described(["\n".join(lines)], errors_in(catalogue.errors, file)),
            owners=metadata.owners(m.owner for m in metrics),
            kinds={"yaml", "duckdb"},
            tags={"scoreline/layer": "metrics"},
            metadata=metadata.code_references(catalogue.root, [Place(file, 1, 1)]),
            skippable=True,
        )


def _objectives_specs(catalogue: Catalogue) -> Iterator[dg.AssetSpec]:
    plan = catalogue.plan
    for file, key in catalogue.objectives.items():
        results = key_results_in(plan, file) if plan else []
        files = metric_files_of(plan, file) if plan else []
        lines = [f"- {code(k.id)}: {code(k.title)}" for k in results]
        yield dg.AssetSpec(
            key=key,
            deps=[catalogue.metrics[f] for f in files if f in catalogue.metrics],
            group_name="objectives",
            description=_described(["\n".join(lines)], errors_in(catalogue.errors, file)),
            owners=metadata.owners(k.owner for k in results),
            kinds={"yaml"},
            tags={"scoreline/layer": "objectives"},
            metadata=metadata.code_references(catalogue.root, [Place(file, 1, 1)]),
            skippable=True,
        )


def _others(catalogue: Catalogue) -> Iterator[dg.AssetSpec]:
    for file, key in catalogue.others.items():
        errors = errors_in(catalogue.errors, file)
        yield dg.AssetSpec(
            key=key,
            group_name="definitions",
            description=_described([], errors),
            tags={"scoreline/layer": "definitions"},
            metadata=metadata.code_references(catalogue.root, [p.place for p in errors]),
            skippable=True,
        )


def _described(texts: Iterable[str], errors: list[Problem]) -> str:
    """The texts, each once, and the errors in a block of their own."""
    parts = [t for t in dict.fromkeys(texts) if t]
    if errors:
        parts.append(f"In error:\n\n{block(problem_text(errors))}")
    return "\n\n".join(parts)
