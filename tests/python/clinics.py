"""Small clinics for tests of the models: exports written from rows, landed and built by the project's own SQL."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from shift.building import Result, run
from shift.database import open_database
from shift.graph import Graph, Selection, read_graph, select
from shift.landing import land
from shift.moving import ensure_sources
from shift.project import open_project

ROOT = Path(__file__).parents[2]
Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Built:
    """A clinic, built: its database and what became of each model and test."""

    connection: duckdb.DuckDBPyConnection
    results: list[Result]

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, as texts where Python has no such value."""
        relation = self.connection.execute(sql)
        names = [column[0] for column in relation.description]
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]

    def values(self, sql: str) -> list[Any]:
        """The first column of a query."""
        return [row[0] for row in self.connection.execute(sql).fetchall()]

    @property
    def broken(self) -> list[tuple[str, str, str | None]]:
        """What did not go well: name, status, message."""
        return [(one.node, one.status, one.message) for one in self.results if one.status not in ("ok", "pass")]


def copy_project(folder: Path) -> Path:
    """The project's own SQL and YAML in a folder where a build may write."""
    for name in ("sources", "models", "macros", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("python"))
    shutil.copy(ROOT / "project.yml", folder)
    return folder


def write_exports(folder: Path, exports: Mapping[str, Rows]) -> Path:
    """One CSV a name; its header is all keys of its rows, in the order in which they come."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in exports.items():
        header = list(dict.fromkeys(key for row in rows for key in row))
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, header, restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


@cache
def graph_of(project_root: Path, variables: str, to: str = "twenty") -> Graph:
    """The project's graph with these settings (JSON): to read it costs as much as to build a small clinic."""
    given = {"source_account": "test", **json.loads(variables)}
    return read_graph(open_project(project_root, to=to, variables=given))


def build(
    project_root: Path,
    exports: Path,
    *chosen: str,
    variables: Mapping[str, Any] | None = None,
    before: Sequence[str] = (),
    to: str = "twenty",
) -> Built:
    """Land and build; ``chosen`` are selectors, ``before`` statements that fill what a CRM or a ledger would."""
    graph = graph_of(project_root, json.dumps(variables or {}), to)
    connection = open_database(None)
    tables = [table for source, table in graph.project.sources.values() if source.schema == "raw"]
    land(connection, tables, exports, landed_at=datetime(2026, 8, 2, tzinfo=UTC))
    ensure_sources(connection, graph.project)
    for statement in before:
        connection.execute(statement)
    models = select(graph, chosen).models
    tests = (test for test in graph.tests.values() if test.stage == "build" and models.issuperset(test.refs))
    return Built(connection, run(graph, connection, Selection(models, frozenset(test.name for test in tests))))
