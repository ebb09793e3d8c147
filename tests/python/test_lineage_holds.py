"""Lineage is true: what becomes of the CRM's fields when a column of an export says something else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from clinics import ROOT, graph_of

from shift import functions
from shift.database import open_database, quoted
from shift.graph import Graph
from shift.landing import land
from shift.lineage import FURTHER, ROWS, trace
from shift.moving import ensure_sources
from shift.sandbox.clinic import make

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Clinic:
    """A synthetic clinic as staging tables, which are built anew where a column of its exports was changed."""

    graph: Graph
    connection: duckdb.DuckDBPyConnection
    stale: set[str] = field(default_factory=set)

    def build(self, models: set[str]) -> None:
        for model in (self.graph.models[name] for name in self.graph.order if name in models | self.stale):
            self.connection.execute(f"create or replace {model.materialized} {model.relation} as ({model.sql})")
        self.stale.clear()

    def standing_on(self, table: str | None = None) -> set[str]:
        """The models that the staging models need, or those of them that a change of a table reaches."""
        models = self.graph.models
        needed = set[str]().union(*(self.graph.ancestors[name] for name, model in models.items() if model.load))
        readers = {name for name in needed if table is None or ("cliniko", table) in models[name].sources}
        return {name for name in needed if self.graph.ancestors[name] & readers}

    def staged(self) -> dict[str, Rows]:
        found = {}
        for name, model in self.graph.models.items():
            if model.load:
                cursor = self.connection.execute(f"select columns(*)::varchar from {model.relation}")
                columns = [column[0] for column in cursor.description]
                found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return found

    def columns(self) -> list[tuple[str, str]]:
        """Each column of the exports that does not always say the same."""
        found = []
        for (source, table), (_, described) in self.graph.project.sources.items():
            if source == "cliniko" and described.columns:
                counted = ", ".join(f"count(distinct {quoted(column.name)})" for column in described.columns)
                counts = self.connection.execute(f"select {counted} from raw.{quoted(table)}").fetchall()[0]
                found += [(table, column.name) for column, n in zip(described.columns, counts, strict=True) if n > 1]
        return found

    @contextmanager
    def otherwise(self, table: str, column: str) -> Iterator[None]:
        """For a while each record has the cell of the next: another value of the same kind."""
        raw, cell, models = f"raw.{quoted(table)}", quoted(column), self.standing_on(table)
        self.connection.execute(f"create or replace temp table kept as from {raw}")
        following = f"coalesce(lead({cell}) over placed, first_value({cell}) over placed)"
        self.connection.execute(
            f"create or replace table {raw} as select * replace ({following} as {cell}) from kept "
            "window placed as (order by _file, _row rows between unbounded preceding and unbounded following)"
        )
        self.build(models)
        yield
        self.connection.execute(f"create or replace table {raw} as from kept")
        self.stale.update(models)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clinic") / "exports"
    make(folder, patients=8, seed=3)
    return folder


@pytest.fixture(scope="module", params=["twenty", "nutshell"])
def clinic(exports: Path, request: pytest.FixtureRequest) -> Iterator[Clinic]:
    graph = graph_of(ROOT, "{}", request.param)
    with closing(open_database(None)) as connection:
        tables = [table for source, table in graph.project.sources.values() if source.schema == "raw"]
        land(connection, tables, exports, landed_at=datetime(2026, 8, 2, tzinfo=UTC))
        ensure_sources(connection, graph.project)
        functions.register(connection)
        for schema in {model.schema for model in graph.models.values()}:
            connection.execute(f"create schema if not exists {quoted(schema)}")
        built = Clinic(graph, connection)
        built.build(built.standing_on())
        yield built


def differing(before: Rows, after: Rows, key: str, *, key_is_fed: bool) -> set[str]:
    """The columns that say something else of a record, and `*` where there are other records.

    Where the records' keys may be others, no record can be found again: then it counts what the columns say over all.
    """
    if len(before) != len(after):
        return {ROWS}
    if not key_is_fed and Counter(row[key] for row in before) != Counter(row[key] for row in after):
        return {ROWS}

    def says(rows: Rows, column: str) -> Counter[tuple[str | None, str | None]]:
        return Counter((None if key_is_fed else row[key], row.get(column)) for row in rows)

    columns = {column for row in [*before, *after] for column in row}
    return {column for column in columns if says(before, column) != says(after, column)}


def test_nothing_changes_but_what_lineage_names(clinic: Clinic) -> None:
    """Of columns that are drawn by lot, always the same ones: some that end in a field, and some that do not."""
    lineage, before, seen = trace(clinic.graph.project), clinic.staged(), 0
    varied = {f"cliniko.{table}.{column}": (table, column) for table, column in clinic.columns()}
    ends = [end for end in lineage.ends("cliniko") if end.source in varied]
    lot = random.Random(clinic.graph.project.to)
    drawn = lot.sample([end for end in ends if end.feeds], 4) + lot.sample([end for end in ends if not end.feeds], 1)
    for end in sorted(drawn, key=lambda end: end.source):
        table, column = varied[end.source]
        with clinic.otherwise(table, column):
            after = clinic.staged()
        for model in lineage.staging:
            load = clinic.graph.models[model].load
            assert load is not None
            named = {name.partition(".")[2] for name in [*end.feeds, *end.decides] if name.startswith(f"{model}.")}
            changed = differing(before[model], after[model], load.key, key_is_fed=load.key in named)
            known = {each.column for each in lineage.columns(model)}
            assert {each if each in known else FURTHER for each in changed} - named == set(), (end.source, model)
            seen += len(changed)
    assert seen > 0
