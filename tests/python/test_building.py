"""Running models and tests: what stands below a failure is left out, failing rows are kept, errors name their place."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pytest
from support import MakeProject

from shift.building import FAILURES_KEPT, Result, failed, run
from shift.graph import read_graph, select

CHAIN = {
    "models/a/a__one.sql": "select unnest([1, 2, 3]) as id",
    "models/a/a__two.sql": "select id from {{ ref('a__one') }}",
    "models/a/a__three.sql": "select id from {{ ref('a__two') }}",
    "models/a/a__beside.sql": "select 1 as id",
}


def results(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, files: Mapping[str, str], *chosen: str
) -> dict[str, Result]:
    graph = read_graph(make_project(files))
    return {result.node: result for result in run(graph, connection, select(graph, chosen))}


def statuses(found: Mapping[str, Result]) -> dict[str, str]:
    return {name: result.status for name, result in found.items()}


def test_tables_and_views_are_made_and_counted(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    files = CHAIN | {"models/a/a__two.sql": "{{ config(materialized='view') }}select id from {{ ref('a__one') }}"}
    found = results(make_project, connection, files)
    assert statuses(found) == dict.fromkeys(("a__beside", "a__one", "a__two", "a__three"), "ok")
    assert (found["a__one"].rows, found["a__two"].rows) == (3, None)
    assert connection.execute("select count(*) from a.three").fetchone() == (3,)


def test_a_model_may_change_its_kind(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    view = CHAIN | {"models/a/a__one.sql": "{{ config(materialized='view') }}select 1 as id"}
    for files in (CHAIN, view, CHAIN):
        assert results(make_project, connection, files)["a__one"].status == "ok"


def test_a_failing_test_takes_out_what_stands_below(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    test = {"tests/staging/small.sql": "select * from {{ ref('a__one') }} where id > 1"}
    found = results(make_project, connection, CHAIN | test)
    assert statuses(found) == {
        "a__beside": "ok",
        "a__one": "ok",
        "small": "fail",
        "a__two": "skip",
        "a__three": "skip",
    }
    assert found["a__two"].message == "the test small failed"
    assert found["small"].failures == 2
    assert connection.execute("select id from failures.small order by id").fetchall() == [(2,), (3,)]
    assert failed(list(found.values()))


def test_a_warning_takes_nothing_out(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    test = "{{ config(severity='warn') }}select * from {{ ref('a__one') }} where id > 1"
    found = results(make_project, connection, CHAIN | {"tests/staging/small.sql": test})
    assert found["small"].status == "warn"
    assert found["a__three"].status == "ok"
    assert not failed(list(found.values()))


def test_a_test_that_passes_again_keeps_no_rows(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    path = "tests/staging/small.sql"
    results(make_project, connection, CHAIN | {path: "select * from {{ ref('a__one') }}"})
    results(make_project, connection, CHAIN | {path: "select * from {{ ref('a__one') }} where false"})
    assert connection.execute("select count(*) from duckdb_tables() where schema_name = 'failures'").fetchone() == (0,)


def test_of_many_failing_rows_the_first_are_kept(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    test = {"tests/staging/many.sql": f"select * from range({FAILURES_KEPT + 5})"}
    assert results(make_project, connection, CHAIN | test)["many"].failures == FAILURES_KEPT + 5
    assert connection.execute("select count(*) from failures.many").fetchone() == (FAILURES_KEPT,)


@pytest.mark.parametrize(
    ("entry", "values", "failures"),
    [
        ("not_null", "[1, null, null]", 2),
        ("unique", "[1, 1, 2, null, null]", 1),
        ("accepted_values: {values: [1, 2]}", "[1, 2, 3, 3, null]", 1),
        ("relationships: {to: ref('a__parent'), field: id}", "[1, 2, 9, null]", 1),
        ("not_null: {config: {where: id = 1}}", "[1, null]", 0),
    ],
)
def test_the_four_tests_of_dbt(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, entry: str, values: str, failures: int
) -> None:
    files = {
        "models/a/a__parent.sql": "select unnest([1, 2, 3]) as id",
        "models/a/a__child.sql": f"select unnest({values}) as id",
        "models/m.yml": f"models:\n- name: a__child\n  columns:\n  - name: id\n    data_tests:\n    - {entry}\n",
    }
    found = results(make_project, connection, files)
    tests = [result for result in found.values() if result.kind == "test"]
    assert [result.failures for result in tests] == [failures]
    assert tests[0].status == ("fail" if failures else "pass")


def test_an_error_in_sql_names_the_line_of_the_file_and_of_what_it_became(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    text = "{{ config(tags=['x']) }}\nselect\n    id,\n    nam as name,\nfrom {{ ref('a__one') }}\n"
    found = results(make_project, connection, CHAIN | {"models/a/a__two.sql": text})
    message = (found["a__two"].message or "").splitlines()
    assert message[0].startswith('models/a/a__two.sql:4:5: Binder Error: Referenced column "nam" not found')
    assert message[-3:] == [
        "     4 |     nam as name,",
        "             ^^^",
        "Compiled: target/compiled/models/a/a__two.sql:4",
    ]
    assert statuses(found)["a__three"] == "skip"


def test_an_error_in_what_a_template_made_shows_what_it_became(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    text = "select\n    {{ 'nam' }} as name,\nfrom {{ ref('a__one') }}\n"
    found = results(make_project, connection, CHAIN | {"models/a/a__two.sql": text})
    message = found["a__two"].message or ""
    assert message.startswith("models/a/a__two.sql:2: ")
    assert "which became:\n             nam as name,\n             ^^^\n" in message


def test_an_error_in_a_generic_test_names_the_line_that_asks_for_it(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    yml = "models:\n- name: a__one\n  columns:\n  - name: nobody\n    data_tests: [not_null]\n"
    found = results(make_project, connection, CHAIN | {"models/m.yml": yml})
    message = found["not_null_a__one_nobody"].message or ""
    assert message.startswith('models/m.yml:5: Binder Error: Referenced column "nobody" not found')


def test_a_staging_table_may_not_hold_what_has_no_certain_json(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    files = {
        "models/twenty/twenty__person.sql": "select '1' as id, 1.5::double as amount",
        "models/m.yml": "models: [{name: twenty__person, config: {load: {object: person, key: id}}}]",
    }
    found = results(make_project, connection, files)
    assert found["twenty__person"].status == "error"
    assert "the column 'amount' is a DOUBLE" in (found["twenty__person"].message or "")


def test_the_newest_result_of_each_node_is_kept(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    results(make_project, connection, CHAIN)
    results(make_project, connection, CHAIN | {"models/a/a__one.sql": "select nobody"})
    kept = connection.execute("select node, status from main.run_results order by node").fetchall()
    assert kept == [("a__beside", "ok"), ("a__one", "error"), ("a__three", "skip"), ("a__two", "skip")]
