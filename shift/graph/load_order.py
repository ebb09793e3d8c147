"""Staging models in the order in which they load: a `relationships` test is the edge.

The edge counts where both ends are written and the test points at the other's id or key; a test that points elsewhere,
or at a matched object, is a check and orders nothing. `load.after:` says what no column says. Where edges close a
circle, a column of it that may be null is deferred: left out when a record is created, and set once all are in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shift.errors import ConfigurationError
from shift.graph.circles import Edge, open_circles
from shift.graph.nodes import DataTest, Graph, Model, in_order
from shift.graph.staged import staging_model
from shift.staging import StagingModel
from shift.strict_yaml import nearest

if TYPE_CHECKING:
    import duckdb

_REF = re.compile(r"""^\s*ref\(\s*['"]([^'"]+)['"]\s*\)\s*$""")


def staging_models(graph: Graph, connection: duckdb.DuckDBPyConnection) -> tuple[StagingModel, ...]:
    """The staging models of the graph, built, in load order; columns and choices are read from their tables.

    Matched objects come first: what is written may need whom they name. Raises ConfigurationError where the order is a
    circle that no nullable column opens (it names it), and for a key, `field:` or `when_matched` whose column is not in
    the table; ShiftError for a table that was not built yet.
    """
    names, edges, deferred = _ordered(graph)
    return tuple(staging_model(graph, graph.models[name], connection, edges[name], deferred) for name in names)


def objects_in_load_order(graph: Graph) -> tuple[str, ...]:
    """What the staging models fill, in load order. Raises ConfigurationError for a circle."""
    names, _, _ = _ordered(graph)
    return tuple(dict.fromkeys(graph.models[name].staging.object for name in names))


def _ordered(graph: Graph) -> tuple[Iterator[str], Mapping[str, list[Edge]], frozenset[Edge]]:
    """The names of the staging models in load order, the edges that start at each, and those that wait."""
    staging = {name: model for name, model in sorted(graph.models.items()) if model.load}
    edges = {name: _parents(graph, model, staging) for name, model in staging.items()}
    after = {
        name: _after(model, staging)
        for name, model in sorted(staging.items(), key=lambda item: item[1].staging.mode != "match")
    }
    deferred = open_circles(edges, after)
    before = {
        name: [*(edge.parent for edge in edges[name] if edge not in deferred), *others]
        for name, others in after.items()
    }
    return in_order(before, "objects"), edges, deferred


def _parents(graph: Graph, model: Model, staging: Mapping[str, Model]) -> list[Edge]:
    """Each edge that starts at a model. A column that stays at home orders only: it cannot be left for later."""
    found = []
    never_null = {test.column for test in graph.tests.values() if test.model == model.name and test.kind == "not_null"}
    for test in graph.tests.values():
        if test.model != model.name or test.kind != "relationships" or model.staging.mode == "match":
            continue
        to, field, column = _target(test)
        parent = staging.get(to)
        if parent is None or parent.staging.mode == "match" or field not in ("id", parent.staging.key):
            continue
        nullable = column not in never_null and not column.startswith("_")
        found.append(Edge(model.name, column, to, field, nullable))
    return found


def _target(test: DataTest) -> tuple[str, str, str]:
    arguments: Mapping[str, Any] = test.arguments or {}
    named = _REF.match(str(arguments.get("to")))
    return (named[1] if named else ""), str(arguments.get("field")), test.column or ""


def _after(model: Model, staging: Mapping[str, Model]) -> list[str]:
    by_object = {other.staging.object: name for name, other in staging.items()}
    names = []
    for named in model.staging.after:
        if named not in staging and named not in by_object:
            where = model.described.where("config", "load", "after") if model.described else model.shown
            raise ConfigurationError(
                f"'{named}' is no staging model", where=where, hint=nearest(named, [*staging, *by_object])
            )
        names.append(named if named in staging else by_object[named])
    return names
