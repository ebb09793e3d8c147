"""Staging models in the order in which they load: a `relationships` test is the edge.

The edge counts where both ends are written and the test points at the other's id or key; a test that points elsewhere,
or at a matched object, is a check and orders nothing. `load.after:` says what no column says. Where edges close a
circle, a column of it that may be null is deferred: left out when a record is created, and set once all are in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from shift.destination import FieldDefinition, ObjectDefinition, Option
from shift.errors import ConfigurationError, ShiftError
from shift.graph.circles import Edge, open_circles
from shift.graph.nodes import DataTest, Graph, Model, in_order
from shift.invocation import command
from shift.project import FieldSettings, LoadSettings, ModelColumn, OptionsFrom
from shift.staging import Parent, StagingModel
from shift.strict_yaml import nearest

_REF = re.compile(r"""^\s*ref\(\s*['"]([^'"]+)['"]\s*\)\s*$""")


def staging_models(graph: Graph, connection: duckdb.DuckDBPyConnection) -> tuple[StagingModel, ...]:
    """The staging models of the graph, built, in load order; columns and choices are read from their tables.

    Matched objects come first: what is written may need whom they name. Raises ConfigurationError where the order is a
    circle that no nullable column opens (it names it), and for a key, `field:` or `when_matched` whose column is not in
    the table; ShiftError for a table that was not built yet.
    """
    names, edges, deferred = _ordered(graph)
    return tuple(_staged(graph, graph.models[name], edges[name], deferred, connection) for name in names)


def objects_in_load_order(graph: Graph) -> tuple[str, ...]:
    """What the staging models fill, in load order. Raises ConfigurationError for a circle."""
    names, _, _ = _ordered(graph)
    return tuple(dict.fromkeys(_load(graph.models[name]).object for name in names))


def _ordered(graph: Graph) -> tuple[Iterator[str], Mapping[str, list[Edge]], frozenset[Edge]]:
    """The names of the staging models in load order, the edges that start at each, and those that wait."""
    staging = {name: model for name, model in sorted(graph.models.items()) if model.load}
    edges = {name: _parents(graph, model, staging) for name, model in staging.items()}
    after = {
        name: _after(model, staging)
        for name, model in sorted(staging.items(), key=lambda item: _load(item[1]).mode != "match")
    }
    deferred = open_circles(edges, after)
    before = {
        name: [*(edge.parent for edge in edges[name] if edge not in deferred), *others]
        for name, others in after.items()
    }
    return in_order(before, "objects"), edges, deferred


def staging_model(graph: Graph, model: Model, connection: duckdb.DuckDBPyConnection) -> StagingModel:
    """One staging model, built, without its place in the load order."""
    return _staged(graph, model, [], frozenset(), connection)


def _parents(graph: Graph, model: Model, staging: Mapping[str, Model]) -> list[Edge]:
    """Each edge that starts at a model. A column that stays at home orders only: it cannot be left for later."""
    found = []
    never_null = {test.column for test in graph.tests.values() if test.model == model.name and test.kind == "not_null"}
    for test in graph.tests.values():
        if test.model != model.name or test.kind != "relationships" or _load(model).mode == "match":
            continue
        to, field, column = _target(test)
        parent = staging.get(to)
        if parent is None or _load(parent).mode == "match" or field not in ("id", _load(parent).key):
            continue
        nullable = column not in never_null and not column.startswith("_")
        found.append(Edge(model.name, column, to, field, nullable))
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
    graph: Graph,
    model: Model,
    edges: list[Edge],
    deferred: frozenset[Edge],
    connection: duckdb.DuckDBPyConnection,
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
        parents=tuple(Parent(edge.column, _load(graph.models[edge.parent]).object, edge.field) for edge in edges),
        fields=(
            *(_field(graph, model, column, column.field, connection) for column in model.columns if column.field),
            *_further_fields(graph, model, load, connection),
        ),
        define=_definition(model, load),
        when_matched=tuple(column.name for column in model.columns if column.when_matched),
        at_home=tuple(column for column in columns if column.startswith("_")),
        deferred=tuple(dict.fromkeys(edge.column for edge in edges if edge in deferred)),
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
