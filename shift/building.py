"""Run models and tests in order, and note what became of each.

A model that fails takes those below it out of the run, and so does a failing test of severity error: what stands on
all the models that the test reads is skipped. Failing rows are kept, in a table of the schema `failures` for each test.

A test's rows are what fails. One that tells figures has a column `_holds`, and a row for each thing that it looked at:
those where it is true are no failures, but they are counted, and the numbers in them are summed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import duckdb

from shift import functions, payloads
from shift.database import append, column_types, quoted
from shift.errors import ShiftError
from shift.graph import DataTest, Graph, Model, Selection, staging_model
from shift.sql_errors import explained

Status = Literal["ok", "pass", "warn", "fail", "error", "skip"]

FAILURES_KEPT = 1000
_KEPT = column_types(
    "node varchar, kind varchar, status varchar, failures bigint, seconds double, message varchar, compiled varchar"
)
HOLDS = "_holds"


@dataclass(frozen=True)
class Result:
    """What became of one node. ``failures`` counts a test's failing rows; ``rows`` those of a model's table.

    ``figures`` are those of a test that tells any: the sum of each column of numbers, or how many rows it looked at.
    """

    node: str
    kind: Literal["model", "test"]
    status: Status
    seconds: float
    rows: int | None = None
    failures: int | None = None
    message: str | None = None
    relation: str | None = None
    figures: Mapping[str, int | Decimal] | None = None


def run(
    graph: Graph,
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    report: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Run the selected models, and each selected test as soon as all that it reads has run.

    The results are also kept in the table `main.run_results`, where `plan` looks whether a load may go ahead.
    """
    functions.register(connection, [graph.models[name].sql for name in selection.models])
    _make_schemas(graph, connection, selection)
    waiting = {name: graph.tests[name] for name in sorted(selection.tests)}
    failed: set[str] = set()
    blocked: dict[str, str] = {}
    results: list[Result] = []

    def note(result: Result) -> None:
        results.append(result)
        report(result)

    done: set[str] = set(graph.models) - selection.models
    for name in graph.order:
        if name in selection.models:
            reason = _reason_to_skip(graph, name, failed, blocked)
            result = (
                Result(name, "model", "skip", 0.0, message=reason, relation=graph.models[name].relation)
                if reason
                else _run_model(graph, connection, graph.models[name])
            )
            if result.status != "ok":
                failed.add(name)
            note(result)
            done.add(name)
        for test in _ready(waiting, done):
            del waiting[test.name]
            if broken := sorted(failed.intersection(test.refs)):
                note(Result(test.name, "test", "skip", 0.0, message=f"{broken[0]} did not run"))
                continue
            outcome = _run_test(graph, connection, test)
            note(outcome)
            if outcome.status in ("fail", "error"):
                for below in graph.models:
                    strictly = graph.ancestors[below] - {below}
                    if test.refs and strictly.issuperset(test.refs):
                        blocked.setdefault(below, test.name)
    _keep(graph, connection, results)
    return results


def fingerprint(node: Model | DataTest) -> str:
    """What tells a node's compiled SQL, in which the settings are, from what it was in the last run."""
    return hashlib.sha256(node.sql.encode()).hexdigest()


def failed(results: list[Result]) -> bool:
    """Whether a run ended badly: an error, a failing test, or something left out because of one."""
    return any(result.status in ("fail", "error", "skip") for result in results)


def _ready(waiting: dict[str, DataTest], done: set[str]) -> list[DataTest]:
    return [test for test in list(waiting.values()) if done.issuperset(test.refs)]


def _reason_to_skip(graph: Graph, name: str, failed: set[str], blocked: dict[str, str]) -> str | None:
    above = graph.ancestors[name] - {name}
    if broken := sorted(above & failed):
        return f"{broken[0]} did not run"
    return f"the test {blocked[name]} failed" if name in blocked else None


def _make_schemas(graph: Graph, connection: duckdb.DuckDBPyConnection, selection: Selection) -> None:
    schemas = {graph.models[name].schema for name in selection.models} | {"failures"}
    for schema in sorted(schemas):
        connection.execute(f"create schema if not exists {quoted(schema)}")


def _run_model(graph: Graph, connection: duckdb.DuckDBPyConnection, model: Model) -> Result:
    started = time.perf_counter()
    graph.project.write_compiled(model.shown, model.sql)
    try:
        _drop_other_kind(connection, model)
        connection.execute(f"create or replace {model.materialized} {model.relation} as (\n{model.sql}\n)")
        rows = None
        if model.materialized == "table":
            counted = connection.execute(f"select count(*) from {model.relation}").fetchone()
            rows = counted[0] if counted else None
        if model.load:
            payloads.check(connection, staging_model(graph, model, connection))
    except duckdb.Error as error:
        message = str(explained(graph, error, text=model.text, where=model.shown, sql=model.sql, this=model.relation))
        return Result(model.name, "model", "error", _since(started), message=message, relation=model.relation)
    except ShiftError as error:
        return Result(model.name, "model", "error", _since(started), message=str(error), relation=model.relation)
    return Result(model.name, "model", "ok", _since(started), rows=rows, relation=model.relation)


def _drop_other_kind(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """A table cannot replace a view, nor a view a table."""
    schema, _, table = model.relation.partition(".")
    other = "view" if model.materialized == "table" else "table"
    listed = "duckdb_views()" if other == "view" else "duckdb_tables()"
    found = connection.execute(
        f"select 1 from {listed} where schema_name = ? and {other}_name = ?", [schema.strip('"'), table.strip('"')]
    ).fetchone()
    if found:
        connection.execute(f"drop {other} {model.relation}")


def _run_test(graph: Graph, connection: duckdb.DuckDBPyConnection, test: DataTest) -> Result:
    started = time.perf_counter()
    kept = f"failures.{quoted(test.name)}"
    failing, figures = f"(\n{test.sql}\n)", None
    try:
        if HOLDS in test.sql:
            figures = _figures(connection, test)
            failing = f"(select * exclude ({HOLDS}) from {failing} where {HOLDS} is distinct from true)"
        counted = connection.execute(f"select count(*) from {failing}").fetchone()
        failures = counted[0] if counted else 0
        if failures:
            connection.execute(f"create or replace table {kept} as (select * from {failing} limit {FAILURES_KEPT})")
        else:
            connection.execute(f"drop table if exists {kept}")
    except duckdb.Error as error:
        message = str(explained(graph, error, text=test.text, where=test.where, sql=test.sql))
        return Result(test.name, "test", "error", _since(started), message=message)
    if failures == 0:
        return Result(test.name, "test", "pass", _since(started), failures=0, figures=figures)
    status: Status = "fail" if test.severity == "error" else "warn"
    return Result(test.name, "test", status, _since(started), failures=failures, relation=kept, figures=figures)


def _figures(connection: duckdb.DuckDBPyConnection, test: DataTest) -> dict[str, int | Decimal]:
    tested = connection.execute(f"select * from (\n{test.sql}\n) limit 0").description
    numbers = [name for name, kind, *_ in tested if kind.id in ("integer", "bigint", "hugeint", "decimal")]
    sums = "".join(f", coalesce(sum({quoted(name)}), 0)" for name in numbers)
    [(rows, *told)] = connection.execute(f"select count(*){sums} from (\n{test.sql}\n)").fetchall()
    return dict(zip(numbers, told, strict=True)) if rows and numbers else {"rows": rows}


def _keep(graph: Graph, connection: duckdb.DuckDBPyConnection, results: list[Result]) -> None:
    """Note the newest result of every node, and what it was a result of."""
    connection.execute(
        """
        create table if not exists main.run_results (
            node varchar primary key, kind varchar, status varchar, failures bigint, seconds double, message varchar,
            finished_at timestamptz default current_timestamp, compiled varchar
        )
        """
    )
    # A table that an older program made.
    connection.execute("alter table main.run_results add column if not exists compiled varchar")
    nodes: dict[str, Model | DataTest] = {**graph.models, **graph.tests}
    rows = [
        (one.node, one.kind, one.status, one.failures, one.seconds, one.message, fingerprint(nodes[one.node]))
        for one in results
    ]
    append(connection, "main.run_results", _KEPT, rows, replacing=True)


def _since(started: float) -> float:
    return time.perf_counter() - started
