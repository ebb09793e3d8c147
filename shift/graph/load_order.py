"""Staging models in the order in which they load: a `relationships` test is the edge.

The edge counts where both ends are written and the test points at the other's id or key; a test that points elsewhere,
or at a matched object, is a check and orders nothing. `load.after:` says what no column says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb

from shift.destination import FieldDefinition, ObjectDefinition, Option
from shift.errors import ConfigurationError, ShiftError
from shift.graph.nodes import DataTest, Graph, Model, in_order
from shift.invocation import command
from shift.project import FieldSettings, LoadSettings, ModelColumn, OptionsFrom
from shift.staging import Parent, StagingModel
from shift.strict_yaml import nearest

_REF = re.compile(r"""^\s*ref\(\s*['"]([^'"]+)['"]\s*\)\s*$""")


def staging_models(graph: Graph, connection: duckdb.DuckDBPyConnection) -> tuple[StagingModel, ...]:
    """The staging models of the graph, built, in load order; columns and choices are read from their tables.

    Matched objects come first: what is written may need whom they name. Raises ConfigurationError where the order is a
    circle (it names it), and for a key, `field:` or `when_matched` whose column is not in the table; ShiftError for a
    table that was not built yet.
    """
    staging = {name: model for name, model in sorted(graph.models.items()) if model.load}
    edges = {name: _parents(graph, model, staging) for name, model in staging.items()}
    before = {
        name: [*(parent for _, parent, _ in edges[name]), *_after(model, staging)]
        for name, model in sorted(staging.items(), key=lambda item: _load(item[1]).mode != "match")
    }
    return tuple(_staged(graph, staging[name], edges[name], connection) for name in in_order(before, "objects"))


def staging_model(graph: Graph, model: Model, connection: duckdb.DuckDBPyConnection) -> StagingModel:
    """One staging model, built, without its place in the load order."""
    return _staged(graph, model, [], connection)


def _parents(graph: Graph, model: Model, staging: Mapping[str, Model]) -> list[tuple[str, str, str]]:
    """(column, parent model, parent's field) of each edge that starts at a model."""
    found = []
    for test in graph.tests.values():
        if test.model != model.name or test.kind != "relationships" or _load(model).mode == "match":
            continue
        to, field, column = _target(test)
        parent = staging.get(to)
        if parent is None or _load(parent).mode == "match" or field not in ("id", _load(parent).key):
            continue
        found.append((column, to, field))
    return found


def _target(test: DataTest) -> tuple[str, str, str]:
    arguments: Mapping[str, Any] = test.arguments or {}
    named = _REF.match(str(arguments.get("to")))
    return (named[1] if named else ""), str(arguments.get("field")), test.column or ""


def _after(model: Model, staging: Mapping[str, Model]) -> list[str]:
    by_object = {_load(other).object: name for name, other in staging.items()}
    names = []
    for named in _load(model).after:
        if named not in staging and named not in by_object:
            where = model.described.where("config", "load", "after") if model.described else model.shown
            raise ConfigurationError(
                f"'{named}' is no staging model", where=where, hint=nearest(named, [*staging, *by_object])
            )
        names.append(named if named in staging else by_object[named])
    return names


def _staged(
    graph: Graph, model: Model, edges: list[tuple[str, str, str]], connection: duckdb.DuckDBPyConnection
) -> StagingModel:
    load = _load(model)
    columns = _columns(model, connection)
    sent = tuple(column for column in columns if not column.startswith("_"))
    _check_columns(model, load, columns)
    return StagingModel(
        name=model.name,
        relation=model.relation,
        object=load.object,
        key=load.key,
        columns=sent,
        mode=load.mode,
        parents=tuple(Parent(column, _load(graph.models[parent]).object, field) for column, parent, field in edges),
        fields=(
            *(_field(graph, model, column, column.field, connection) for column in model.columns if column.field),
            *_further_fields(graph, model, load, connection),
        ),
        define=_definition(model, load),
    )


def _check_columns(model: Model, load: LoadSettings, columns: tuple[str, ...]) -> None:
    where = model.described.where() if model.described else model.shown
    if load.key not in columns:
        raise ConfigurationError(
            f"the key '{load.key}' is no column of {model.relation}", where=where, hint=nearest(load.key, columns)
        )
    for column in model.columns:
        if (column.field or column.when_matched) and column.name not in columns:
            raise ConfigurationError(
                f"'{column.name}' is to be a field of {load.object}, and is no column of {model.relation}",
                where=where,
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
        object=_load(model).object,
        name=name,
        type=settings.type,
        label=settings.label,
        description=column.description or "",
        unique=settings.unique,
        options=_options(graph, model, settings, connection),
        to=settings.to,
        inverse_label=settings.inverse,
    )


def _further_fields(
    graph: Graph, model: Model, load: LoadSettings, connection: duckdb.DuckDBPyConnection
) -> list[FieldDefinition]:
    """The fields that a table names: those of the clinic's own making, which no YAML file can know."""
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
    named = _REF.match(reference)
    if named is None or named[1] not in graph.models:
        raise ConfigurationError(f"'{reference}' is no model", where=model.shown, hint="Write it as ref('model').")
    return graph.models[named[1]].relation


def _columns(model: Model, connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The columns of a built table, in their order."""
    try:
        return tuple(column[0] for column in connection.execute(f"select * from {model.relation} limit 0").description)
    except duckdb.CatalogException:
        raise ShiftError(
            f"the table {model.relation} was not built yet", where=model.shown, hint=f"Run `{command('build')}` first."
        ) from None


def _definition(model: Model, load: LoadSettings) -> ObjectDefinition | None:
    if load.define is None:
        return None
    return ObjectDefinition(
        name=load.object,
        plural=load.define.plural,
        label=load.define.label,
        label_plural=load.define.label_plural,
        description=(model.described.properties.description or "") if model.described else "",
        icon=load.define.icon,
    )


def _load(model: Model) -> LoadSettings:
    assert model.load is not None
    return model.load
