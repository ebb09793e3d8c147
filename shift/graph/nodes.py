"""The nodes of the graph: models and tests, compiled, and how they hang together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, TypeVar

import msgspec

from shift.errors import ConfigurationError
from shift.project import Described, LoadSettings, ModelColumn, Project
from shift.templating import Templates

Stage = Literal["build", "plan", "reconciliation"]
Node = TypeVar("Node")


class TestConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config:` of a test: how bad a failure is, which rows count, whether it runs."""

    severity: Literal["error", "warn"] = "error"
    where: str | None = None
    enabled: bool | str = True
    tags: list[str] = []


@dataclass(frozen=True)
class Model:
    """One SQL file in models/, compiled. ``by_setting``: whether it takes part is said by an expression."""

    name: str
    shown: str
    schema: str
    relation: str
    materialized: Literal["table", "view"]
    tags: tuple[str, ...]
    text: str
    sql: str
    refs: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    described: Described | None
    load: LoadSettings | None
    columns: tuple[ModelColumn, ...]
    by_setting: bool = False

    @property
    def description(self) -> str:
        """What YAML says of it, if anything."""
        return (self.described.properties.description if self.described else None) or ""

    @property
    def staging(self) -> LoadSettings:
        """Its `load:`, which every staging model has."""
        assert self.load is not None
        return self.load

    @property
    def where(self) -> str:
        """The place of its description, else its file: what messages name."""
        return self.described.where() if self.described else self.shown


@dataclass(frozen=True)
class DataTest:
    """A test: SQL that gives the rows that fail. ``model`` is what a generic test was asked of; it has no ``text``."""

    name: str
    where: str
    sql: str
    refs: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    severity: Literal["error", "warn"]
    stage: Stage
    tags: tuple[str, ...]
    text: str = ""
    kind: str = "singular"
    model: str | None = None
    column: str | None = None
    arguments: Mapping[str, Any] | None = None

    @property
    def file(self) -> str:
        """The file that the test stands in: ``where`` without its line."""
        return self.where.partition(":")[0]


@dataclass(frozen=True)
class Graph:
    """All enabled models and tests of a project, and the templates that they came from."""

    project: Project
    templates: Templates
    models: Mapping[str, Model]
    tests: Mapping[str, DataTest]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Model names, parents before children, otherwise by name."""
        return tuple(in_order({name: model.refs for name, model in sorted(self.models.items())}, "models"))

    @cached_property
    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """For each model, every model that it stands on, itself included."""
        found: dict[str, frozenset[str]] = {}
        for name in self.order:
            found[name] = frozenset({name}).union(*(found[parent] for parent in self.models[name].refs))
        return found

    def reads(self, model: str) -> set[tuple[str, str]]:
        """Every source that a model stands on, through all its ancestors."""
        return {source for name in self.ancestors[model] for source in self.models[name].sources}


def in_order(parents: Mapping[Node, Iterable[Node]], what: str) -> Iterator[Node]:
    """Every node after its parents; ties keep the order of the mapping. A cycle is an error that names it."""
    sorter = TopologicalSorter(parents)
    rank = {node: place for place, node in enumerate(parents)}
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(str(node) for node in reversed(error.args[1]))
        raise ConfigurationError(f"the {what} stand in a circle: {circle}") from None
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        yield from ready
        sorter.done(*ready)
