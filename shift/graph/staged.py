"""One staging model, as its YAML and its table tell of it: object, columns, and what the CRM must have first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from shift.destination import FieldDefinition, ObjectDefinition, Option
from shift.errors import ConfigurationError, ShiftError
from shift.graph.circles import Edge
from shift.graph.nodes import Graph, Model
from shift.invocation import command
from shift.project import FieldSettings, ModelColumn, OptionsFrom
from shift.staging import Parent, StagingModel
from shift.strict_yaml import nearest


def staging_model(
    graph: Graph,
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    edges: Sequence[Edge] = (),
    deferred: Collection[Edge] = (),
) -> StagingModel:
    """The staging model, with the ``edges`` that start at it, of which those in ``deferred`` wait.

    Raises ConfigurationError for a key, `field:` or `when_matched` whose column is not in the table; ShiftError for a
    table that was not built yet.
    """
    load = model.staging
    columns = _columns(model, connection)
    sent = tuple(column for column in columns if not column.startswith("_"))
    _check_columns(model, columns)
    return StagingModel(
        name=model.name,
        relation=model.relation,
        object=load.object,
        key=load.key,
        columns=sent,
        mode=load.mode,
        parents=tuple(Parent(edge.column, graph.models[edge.parent].staging.object, edge.field) for edge in edges),
        fields=(
            *(_field(graph, model, column, column.field, connection) for column in model.columns if column.field),
            *_further_fields(graph, model, connection),
        ),
        define=_definition(model),
        when_matched=tuple(column.name for column in model.columns if column.when_matched),
        at_home=tuple(column for column in columns if column.startswith("_")),
        deferred=tuple(dict.fromkeys(edge.column for edge in edges if edge in deferred)),
    )


def _check_columns(model: Model, columns: tuple[str, ...]) -> None:
    load = model.staging
    if load.key not in columns:
        raise ConfigurationError(
            f"the key '{load.key}' is no column of {model.relation}", where=model.where, hint=nearest(load.key, columns)
        )
    for column in model.columns:
        if (column.field or column.when_matched) and column.name not in columns:
            raise ConfigurationError(
                f"'{column.name}' is to be a field of {load.object}, and is no column of {model.relation}",
                where=model.where,
                hint=nearest(column.name, columns),
            )


def _field(
    graph: Graph,
    model: Model,
    column: ModelColumn,
    settings: FieldSettings,
    connection: duckdb.DuckDBPyConnection,
) -> FieldDefinition:
    name = settings.name or (column.name.removesuffix("Id") if settings.type == "RELATION" else column.name)
    return FieldDefinition(
        object=model.staging.object,
        name=name,
        type=settings.type,
        label=settings.label,
        description=column.description or "",
        unique=settings.unique,
        options=_options(graph, model, settings, connection),
        to=settings.to,
        inverse_label=settings.inverse,
    )


def _further_fields(graph: Graph, model: Model, connection: duckdb.DuckDBPyConnection) -> list[FieldDefinition]:
    """The fields that a table names: those of the clinic's own making, which no YAML file can know."""
    load = model.staging
    if load.fields is None:
        return []
    relation = _relation(graph, model, load.fields)
    rows = connection.execute(
        f"select name, type, label, description, options from {relation} where object = ? order by name", [load.object]
    ).fetchall()
    return [
        FieldDefinition(
            object=load.object,
            name=name,
            type=type,
            label=label,
            description=description or "",
            options=tuple(Option(option["label"], option["value"]) for option in options or []),
        )
        for name, type, label, description, options in rows
    ]


def _options(
    graph: Graph, model: Model, settings: FieldSettings, connection: duckdb.DuckDBPyConnection
) -> tuple[Option, ...]:
    if isinstance(settings.options, OptionsFrom):
        relation = _relation(graph, model, settings.options.from_)
        rows = connection.execute(f"select label, value from {relation} order by label, value").fetchall()
        return tuple(Option(label, value) for label, value in rows)
    return tuple(Option(option.label, option.value) for option in settings.options or [])


def _relation(graph: Graph, model: Model, reference: str) -> str:
    """The table of the model that YAML names as `ref('…')`."""
    named = graph.templates.reference(reference, name=model.where)
    if not named.refs:
        raise ConfigurationError(f"'{reference}' is no model", where=model.where, hint="Write it as ref('model').")
    return named.sql


def _columns(model: Model, connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The columns of a built table, in their order."""
    try:
        return tuple(column[0] for column in connection.execute(f"select * from {model.relation} limit 0").description)
    except duckdb.CatalogException:
        raise ShiftError(
            f"the table {model.relation} was not built yet", where=model.shown, hint=f"Run `{command('build')}` first."
        ) from None


def _definition(model: Model) -> ObjectDefinition | None:
    load = model.staging
    if load.define is None:
        return None
    return ObjectDefinition(
        name=load.object,
        plural=load.define.plural,
        label=load.define.label,
        label_plural=load.define.label_plural,
        description=model.description,
        icon=load.define.icon,
    )
