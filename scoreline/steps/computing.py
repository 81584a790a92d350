"""Computing series: compiled statements run, in full or on what is kept of older rows.

What belongs here: running statements and what a failing one isolates. What does not: which
series are due (measuring), SQL (measures), what is kept and of what (warehouse.keeping).
"""

from __future__ import annotations

from scoreline.core.errors import ExpressionError, WarehouseError
from scoreline.core.model import Plan
from scoreline.measures.conditions import ModelColumns
from scoreline.measures.layout import source_of
from scoreline.measures.requests import SeriesRequest
from scoreline.measures.series import Statement, compile_series
from scoreline.steps.project import Project
from scoreline.warehouse import keeping
from scoreline.warehouse import measuring as engine
from scoreline.warehouse.warehouse import Warehouse


def compute(
    project: Project,
    warehouse: Warehouse,
    plan: Plan,
    columns: ModelColumns,
    due: list[SeriesRequest],
    errors: dict[str, str],
) -> dict[str, str]:
    """The series texts; where a statement fails, its requests are tried one by one.

    Args:
        project: the open project.
        warehouse: has the streams, whole.
        plan: the definitions that can be used.
        columns: those of the models.
        due: what is to be computed.
        errors: gets why a metric could not be computed, by its name.
    """
    if not due:
        return {}
    by_id = {r.id: r for r in due}
    compiled = compile_series(plan, due, columns)
    engine.prepare(warehouse.connection, compiled.tables)
    found: dict[str, str] = {}
    failed: list[str] = []
    project.listener.begin("measuring", len(compiled.statements))
    try:
        for statement in compiled.statements:
            try:
                found.update(_texts(warehouse, plan, statement))
            except WarehouseError:
                failed += statement.requests
            project.listener.advance(statement.name)
    finally:
        project.listener.end()
    warehouse.keep_only(_every_statement(project.plan))
    for request in (by_id[r] for r in failed):
        try:
            alone = compile_series(plan, [request], columns)
            engine.prepare(warehouse.connection, alone.tables)
            for statement in alone.statements:
                found.update(engine.run(warehouse.connection, statement))
        except (WarehouseError, ExpressionError) as error:
            errors[request.metric] = str(error)
    return found


def _texts(warehouse: Warehouse, plan: Plan, statement: Statement) -> dict[str, str]:
    """A statement's series, on what is kept of older rows where that can be.

    Raises:
        WarehouseError: DuckDB cannot compute it.
    """
    stream = plan.streams.get(statement.relation)
    if stream is not None and statement.parts and warehouse.keeps(stream):
        try:
            return keeping.run(warehouse.connection, stream, statement)
        except WarehouseError:  # what is kept is as before; in full it fails again, or does not
            pass
    return engine.run(warehouse.connection, statement)


def _every_statement(plan: Plan) -> set[str]:
    """The names of the statements that the definitions may ask for."""
    simple = (m for m in plan.metrics.values() if m.from_ is not None and m.measure is not None)
    return {source_of(plan, metric).name for metric in simple}
