"""What stands before a load: the last build, and the questions of tests/plan/ as findings in their own words."""

from __future__ import annotations

import duckdb
import pytest
from support import MakeProject

from shift.building import run
from shift.errors import BlockedError
from shift.findings import Finding
from shift.graph import Graph, Selection, read_graph, select
from shift.preconditions import changed, findings, require_built

MODELS = {"models/a/a__one.sql": "select unnest(range(7)) as id, 'x' as word"}


def built(make_project: MakeProject, connection: duckdb.DuckDBPyConnection, files: dict[str, str]) -> Graph:
    graph = read_graph(make_project(MODELS | files))
    run(graph, connection, select(graph, ()))
    return graph


def test_without_a_build_there_is_nothing_to_plan_with(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(BlockedError, match="nothing was built yet"):
        require_built(read_graph(make_project(MODELS)), connection)
    require_built(built(make_project, connection, {}), connection)


@pytest.mark.parametrize(
    ("sql", "message"),
    [("select no_such_column", "failed in the last build (error)"), (None, "was not built yet")],
)
def test_a_model_that_does_not_stand_is_named(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, sql: str | None, message: str
) -> None:
    graph = built(make_project, connection, {"models/a/a__two.sql": sql} if sql else {})
    if sql is None:
        graph = read_graph(make_project({"models/a/a__two.sql": "select 1 as one"}))
    with pytest.raises(BlockedError) as caught:
        require_built(graph, connection)
    assert caught.value.message == f"the model a__two {message}"


def test_what_a_setting_brings_in_is_built_anew(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    described = """
        vars: [{name: two, type: boolean, default: DEFAULT}]
        models: [{name: a__two, config: {enabled: "{{ var('two') }}"}}]
        """
    files = {"models/a/a__two.sql": "select 1 as one", "models/a.yml": described.replace("DEFAULT", "false")}
    built(make_project, connection, files)
    graph = read_graph(make_project(MODELS | files | {"models/a.yml": described.replace("DEFAULT", "true")}))
    require_built(graph, connection)
    assert changed(graph, connection) == Selection(frozenset({"a__two"}), frozenset())


def test_what_was_edited_since_the_build_is_told(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    test = {"tests/staging/none.sql": "select * from {{ ref('a__one') }} where id > 9"}
    assert changed(built(make_project, connection, test), connection) == Selection(frozenset(), frozenset())
    edited = read_graph(make_project({"models/a/a__one.sql": "select 2 as id, 'y' as word"}))
    assert changed(edited, connection) == Selection(frozenset({"a__one"}), frozenset())
    edited = read_graph(make_project(MODELS | {"tests/staging/none.sql": "select * from {{ ref('a__one') }} limit 0"}))
    assert changed(edited, connection) == Selection(frozenset(), frozenset({"none"}))


def test_a_question_is_told_in_the_words_of_its_file(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    asked = {
        "tests/plan/many.sql": "-- Somebody\n-- must decide.\n\nselect id, word from {{ ref('a__one') }} order by id",
        "tests/plan/few.sql": "{{ config(severity='warn') }}select word from {{ ref('a__one') }} where id = 1",
        "tests/plan/none.sql": "select * from {{ ref('a__one') }} where id > 9",
    }
    found = findings(built(make_project, connection, asked), connection)
    assert sorted(found, key=lambda one: one.name) == [
        Finding("few", "the test few fails", ("x",), blocking=False),
        Finding("many", "Somebody must decide. 7 in all.", tuple(f"id: {id}, word: x" for id in range(5))),
    ]


def test_a_question_that_does_not_run_stops_everything(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    graph = built(make_project, connection, {"tests/plan/wrong.sql": "select no_such from {{ ref('a__one') }}"})
    with pytest.raises(BlockedError, match="tests/plan/wrong.sql:1.*no_such"):
        findings(graph, connection)


def test_tests_of_the_build_that_fail_or_never_ran_are_findings(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    failing = "select * from {{ ref('a__one') }}"
    built(make_project, connection, {"tests/staging/fails.sql": failing})
    graph = read_graph(make_project({"tests/staging/newer.sql": failing}))
    assert {(one.name, one.examples, one.blocking) for one in findings(graph, connection)} == {
        ("failed_tests", ("fails",), True),
        ("tests_not_run", ("newer",), True),
    }
