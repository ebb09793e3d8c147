"""Lineage over a project: each model's SQL is read upon what was found of the models before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from shift.graph import Graph, Model, read_graph
from shift.handover import SCHEMA as HANDOVER
from shift.lineage.origins import Origin, Origins, column_of, marked, unknown
from shift.lineage.parsing import NotRead, parsed
from shift.lineage.query import relation_of
from shift.lineage.relation import Relation
from shift.project import Project, SourceTable

ROWS = "*"
FURTHER = "(further)"
# What landing adds to each export.
_LANDED = ("_file", "_row", "_landed_at", "_extra")


@dataclass(frozen=True)
class TracedColumn:
    """One column of a model, and all that it hangs on. The column `*` is its rows: which, and how many.

    ``feeds`` and ``decides`` are columns of sources, as `source.table.column`. ``constants`` are told where nothing
    else feeds the column; ``unknown`` is SQL that could not be followed; ``through`` are the models on the way.
    """

    model: str
    object: str | None
    column: str
    feeds: tuple[str, ...]
    settings: tuple[str, ...]
    constants: tuple[str, ...]
    unknown: tuple[str, ...]
    decides: tuple[str, ...]
    through: tuple[str, ...]


@dataclass(frozen=True)
class Ends:
    """Where a column of a source ends: fields of the CRM, as `model.column`, that it feeds, or only decides.

    ``handover`` is what it feeds in the handover folder; ``left_out`` is the reason that the source gives.
    """

    source: str
    left_out: str | None
    feeds: tuple[str, ...]
    decides: tuple[str, ...]
    handover: tuple[str, ...]


@dataclass(frozen=True)
class Lineage:
    """What each column of each model hangs on. The SQL of its graph carries marks, and is for reading alone."""

    graph: Graph
    relations: Mapping[str, Relation]

    @property
    def staging(self) -> list[str]:
        """The models whose columns are fields of the CRM, parents first."""
        return [name for name in self.graph.order if self.graph.models[name].load]

    def columns(self, model: str) -> list[TracedColumn]:
        """The columns of a model in their order, and its rows at the end."""
        load = self.graph.models[model].load
        return [
            TracedColumn(
                model=model,
                object=load.object if load else None,
                column=column,
                feeds=origins.named("column"),
                settings=origins.named("setting"),
                constants=origins.named("constant"),
                unknown=origins.named("unknown"),
                decides=origins.deciding_columns,
                through=tuple(name for name in self.graph.order if name in origins.through),
            )
            for column, origins in self._origins(model)
        ]

    def ends(self, wanted: str) -> list[Ends]:
        """For each column that ``wanted`` names: a source, `[source.]table` or `[source.]table.column`."""
        return [
            Ends(
                source=name,
                left_out=left_out,
                feeds=tuple(self._ends["feeds", name]),
                decides=tuple(self._ends["decides", name]),
                handover=tuple(self._ends["handover", name]),
            )
            for words, name, left_out in self.sources
            if wanted in words
        ]

    @property
    def sources(self) -> Iterator[tuple[set[str], str, str | None]]:
        """Each column of each source: the words that mean it, its whole name, and why it is left out."""
        for (source, _), (_, table) in self.graph.project.sources.items():
            left_out = {column.name: column.left_out for column in table.columns}
            if table.files:
                left_out["_extra"] = None  # the columns that no source declares
            for column, reason in left_out.items():
                short = f"{table.name}.{column}"
                words = {source, table.name, f"{source}.{table.name}", short, f"{source}.{short}"}
                yield words, f"{source}.{short}", table.left_out or reason

    @cached_property
    def _ends(self) -> Mapping[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, model in ((name, self.graph.models[name]) for name in self.graph.order):
            for column, origins in self._origins(name):
                for source in origins.named("column") if model.load or model.schema == HANDOVER else []:
                    found["feeds" if model.load else "handover", source].append(f"{name}.{column}")
                for source in origins.deciding_columns if model.load else []:
                    found["decides", source].append(f"{name}.{column}")
        return found

    def _origins(self, model: str) -> list[tuple[str, Origins]]:
        relation = self.relations[model]
        further = [] if relation.rest is None else [(FURTHER, relation.rest)]
        return [*relation.columns.items(), *further, (ROWS, relation.rows.deciding)]


def trace(project: Project) -> Lineage:
    """Read the project and follow every column of every model.

    Raises what reading a project raises; SQL that cannot be followed makes the columns that need it unknown.
    """
    graph = read_graph(_with_marks(project))
    sources = {
        name: (f"{source.schema}.{table.name}".lower(), _source_relation(source.name, table))
        for name, (source, table) in project.sources.items()
    }
    unique = {test.model for test in graph.tests.values() if test.kind == "unique"}
    found: dict[str, Relation] = {}
    tables: dict[str, Relation] = {}
    for name in graph.order:
        model = graph.models[name]
        # Two CRMs have tables of one name: only those of the sources that the model reads are meant.
        relation = _relation_of(graph, model, {**tables, **dict(sources[each] for each in model.sources)})
        found[name] = relation.without_copies() if name in unique else relation
        tables[model.relation.replace('"', "").lower()] = found[name].changed(partial(Origins.by_way_of, model=name))
    return Lineage(graph, found)


def _relation_of(graph: Graph, model: Model, tables: Mapping[str, Relation]) -> Relation:
    query = parsed(model.sql)
    if not isinstance(query, NotRead):
        known = {name for table in tables.values() for name in table.everything.named("unknown")}
        return relation_of(query, tables).changed(partial(_placed, graph, model, known))
    line = graph.templates.line_of(model.text, name=model.shown, compiled_line=query.line, this=model.relation)
    lost = unknown(f"{model.shown}:{line}: {query.said}")
    return Relation({column.name: lost for column in model.columns}, rows=lost, copies=lost, rest=lost)


def _placed(graph: Graph, model: Model, known: set[str], origins: Origins) -> Origins:
    """With file and line at what could not be followed here; what is ``known`` was unknown in a model before."""

    def placed(sql: str) -> str:
        lines = model.sql.splitlines()
        at = next((place for place, line in enumerate(lines, start=1) if sql.lower() in line.lower()), 1)
        line = graph.templates.line_of(model.text, name=model.shown, compiled_line=at, this=model.relation)
        return f"{model.shown}:{line}: {sql}"

    lost = {origin for origin in origins.feeds if origin.kind == "unknown" and origin.name not in known}
    told = {Origin("unknown", placed(origin.name)) for origin in lost}
    return replace(origins, feeds=origins.feeds - lost | told) if lost else origins


def _source_relation(source: str, table: SourceTable) -> Relation:
    names = [*(column.name for column in table.columns), *(_LANDED if table.files else ())]
    rows = column_of(f"{source}.{table.name}", ROWS)
    return Relation({name: column_of(f"{source}.{table.name}", name) for name in names}, rows, rows)


def _with_marks(project: Project) -> Project:
    """The project with the texts of its settings marked, those of maps too, so that each is known again in a query."""

    def mark(name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: mark(name, inner) for key, inner in value.items()}
        return _Setting(value, name) if isinstance(value, str) else value

    return replace(project, given_vars={name: mark(name, value) for name, value in project.variables.items()})


class _Setting(str):
    """A text that is itself wherever it is compared, and marked where a template writes it."""

    setting: str

    def __new__(cls, text: str, setting: str) -> _Setting:
        made = super().__new__(cls, text)
        made.setting = setting
        return made

    def __str__(self) -> str:
        return marked(self.setting, super().__str__())
