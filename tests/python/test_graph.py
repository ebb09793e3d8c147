"""Models and tests as one graph: configuration, order, selectors, stages, and the load order."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from support import MakeProject

from shift.building import run
from shift.errors import ConfigurationError, ShiftError
from shift.graph import Graph, read_graph, select, staging_models

SOURCES = """
    sources:
      - name: cliniko
        schema: raw
        tables:
          - name: patients
            columns: [{name: patient_id}]
      - name: readback
        schema: readback
        tables: [{name: records}]
"""
MODELS = """
    models:
      - name: cliniko__patients
        columns:
          - name: patient_id
            data_tests: [not_null, unique]
      - name: twenty__person
        config: {load: {object: person, key: sourceSystemId}}
        columns:
          - name: id
            data_tests: [unique]
          - name: dateOfBirth
            description: As the clinic has it.
            field: {type: DATE, label: Date of Birth}
      - name: twenty__task
        config: {load: {object: task, key: sourceSystemId}, tags: [calendar]}
      - name: twenty__taskTarget
        config: {load: {object: taskTarget, key: id}}
        columns:
          - name: taskId
            data_tests:
              - relationships: {to: ref('twenty__task'), field: id}
          - name: targetPersonId
            data_tests:
              - relationships: {to: ref('twenty__person'), field: id}
"""
FILES = {
    "sources/s.yml": SOURCES,
    "models/m.yml": MODELS,
    "models/cliniko/cliniko__patients.sql": "select '1' as patient_id from (select 1)",
    "models/twenty/twenty__person.sql": """
        select patient_id as id, patient_id as "sourceSystemId", null::date as "dateOfBirth", 0 as _rank
        from {{ ref('cliniko__patients') }}
    """,
    "models/twenty/twenty__task.sql": "select '1' as id, '1' as \"sourceSystemId\"",
    "models/twenty/twenty__taskTarget.sql": """
        select '3' as id, '1' as "taskId", '1' as "targetPersonId" from {{ ref('twenty__task') }}
    """,
    "models/nutshell/nutshell__person.sql": "select 1 as id from {{ ref('cliniko__patients') }}",
    "models/nutshell/n.yml": "models: [{name: nutshell__person, config: {load: {object: person, key: id}}}]",
    "tests/staging/somebody.sql": "select * from {{ ref('twenty__person') }} where false",
    "tests/staging/only_nutshell.sql": "select * from {{ ref('nutshell__person') }}",
    "tests/plan/undecided.sql": "select 1 where false",
    "tests/reconciliation/counts.sql": "select 1 where false",
    "tests/staging/reads_back.sql": "select * from {{ source('readback', 'records') }}",
}


@pytest.fixture
def graph(make_project: MakeProject) -> Graph:
    return read_graph(make_project(FILES))


def test_parents_come_before_children(graph: Graph) -> None:
    assert graph.order == ("cliniko__patients", "twenty__task", "twenty__person", "twenty__taskTarget")


def test_a_models_schema_and_table_are_in_its_name(graph: Graph) -> None:
    assert graph.models["twenty__taskTarget"].relation == "twenty.taskTarget"


def test_models_of_another_destination_and_their_tests_stay_away(graph: Graph) -> None:
    assert "nutshell__person" not in graph.models
    assert "only_nutshell" not in graph.tests


def test_a_model_may_not_read_one_of_another_destination(make_project: MakeProject) -> None:
    files = FILES | {"models/cliniko/cliniko__x.sql": "select * from {{ ref('nutshell__person') }}"}
    with pytest.raises(
        ConfigurationError, match="belongs to the destination 'nutshell', and this run goes to 'twenty'"
    ):
        read_graph(make_project(files))


def test_the_stage_of_a_test_follows_from_its_folder_and_what_it_reads(graph: Graph) -> None:
    stages = {name: test.stage for name, test in graph.tests.items() if test.kind == "singular"}
    assert stages == {
        "somebody": "build",
        "undecided": "plan",
        "counts": "reconciliation",
        "reads_back": "reconciliation",
    }


@pytest.mark.parametrize(
    ("chosen", "excluded", "models"),
    [
        ((), (), {"cliniko__patients", "twenty__person", "twenty__task", "twenty__taskTarget"}),
        (("twenty__person",), (), {"twenty__person"}),
        (("+twenty__person",), (), {"cliniko__patients", "twenty__person"}),
        (("cliniko__patients+",), (), {"cliniko__patients", "twenty__person"}),
        (("twenty",), (), {"twenty__person", "twenty__task", "twenty__taskTarget"}),
        (("models/twenty",), ("twenty__task+",), {"twenty__person"}),
        (("tag:calendar cliniko",), (), {"twenty__task", "cliniko__patients"}),
        (("models/twenty/twenty__person.sql",), (), {"twenty__person"}),
    ],
)
def test_selectors(graph: Graph, chosen: tuple[str, ...], excluded: tuple[str, ...], models: set[str]) -> None:
    assert select(graph, chosen, excluded).models == models


def test_the_tests_of_a_chosen_model_come_along(graph: Graph) -> None:
    assert select(graph, ["cliniko__patients"]).tests == {
        "not_null_cliniko__patients_patient_id",
        "unique_cliniko__patients_patient_id",
    }
    assert select(graph, ["tests/plan"]).tests == {"undecided"}


def test_a_selector_that_matches_nothing_is_an_error(graph: Graph) -> None:
    with pytest.raises(ConfigurationError, match="'twenty__persn' selects nothing\nDid you mean 'twenty__person'?"):
        select(graph, ["twenty__persn"])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"models/m.yml": "models: [{name: nobody}]"}, "models/m.yml:1: no file in models/ is called 'nobody.sql'"),
        ({"models/b/twenty__task.sql": "select 1"}, "there are two models called 'twenty__task'"),
        (
            {"models/x/a.sql": "select * from {{ ref('b') }}", "models/x/b.sql": "select * from {{ ref('a') }}"},
            "the models stand in a circle: a → b → a",
        ),
        ({"models/x/a.sql": "{{ config(materialised='view') }}"}, "models/x/a.sql: 'materialised' is not known here"),
        ({"models/x/a.sql": "{{ config(enabled=false) }}"}, "models/x/a.sql: config() may not set 'enabled'"),
        (
            {
                "models/y.yml": "models: [{name: x, columns: [{name: c, data_tests: [notnull]}]}]",
                "models/x.sql": "select 1",
            },
            "models/y.yml:1: there is no test 'notnull'\nDid you mean 'not_null'?",
        ),
        (
            {
                "models/y.yml": "models: [{name: x, columns: [{name: c, data_tests: [{relationships: {field: id}}]}]}]",
                "models/x.sql": "select 1",
            },
            "models/y.yml:1: the test 'relationships': parameter 'to' was not provided",
        ),
        (
            {
                "models/y.yml": "models: [{name: x, data_tests: [{unique: {column_name: ref('twenty__persn')}}]}]",
                "models/x.sql": "select 1",
            },
            "models/y.yml:1: ref('twenty__persn'): there is no such model\nDid you mean 'twenty__person'?",
        ),
        ({"models/x/a.sql": " ;"}, "models/x/a.sql: there is no SQL in it"),
        (
            {
                "models/y.yml": "models: [{name: x, config: {enabled: \"{{ ref('twenty__person') }}\"}}]",
                "models/x.sql": "select 1",
            },
            "models/y.yml:1: ref('twenty__person'): there is no such model",
        ),
        (
            {"models/y.yml": "models: [{name: x, config: {enabled: '{{ 1 / 0 }}'}}]", "models/x.sql": "select 1"},
            "models/y.yml:1: {{ 1 / 0 }}: division by zero",
        ),
    ],
)
def test_what_does_not_fit_is_named(make_project: MakeProject, files: dict[str, str], message: str) -> None:
    with pytest.raises(ShiftError) as caught:
        _ = read_graph(make_project(FILES | files)).order
    assert message in str(caught.value)


def test_project_yml_configures_folders_of_models(make_project: MakeProject) -> None:
    project = (
        "name: c\nto: twenty\ndestinations: {twenty: {loader: twenty}}\nmodels: {cliniko: {+materialized: view}}\n"
    )
    graph = read_graph(make_project(FILES | {"project.yml": project}))
    assert {name: model.materialized for name, model in graph.models.items()}["cliniko__patients"] == "view"
    assert graph.models["twenty__task"].materialized == "table"
    with pytest.raises(ConfigurationError, match="project.yml:4: 'materialised' is not known here"):
        read_graph(make_project(FILES | {"project.yml": project.replace("materialized", "materialised")}))


def test_settings_switch_models_and_columns(make_project: MakeProject) -> None:
    declared = "vars: [{name: kind, default: object}]\n"
    model = """
        models:
          - name: x__a
            config: {enabled: "{{ var('kind') == 'object' }}"}
          - name: x__b
            columns:
              - {name: c, enabled: "{{ var('kind') == 'object' }}", data_tests: [not_null]}
    """
    files = {
        "models/v.yml": declared,
        "models/m.yml": model,
        "models/x/x__a.sql": "select 1",
        "models/x/x__b.sql": "select 1",
    }
    graph = read_graph(make_project(files))
    assert (set(graph.models), set(graph.tests)) == ({"x__a", "x__b"}, {"not_null_x__b_c"})
    graph = read_graph(make_project(files, variables={"kind": "picklist"}))
    assert (set(graph.models), set(graph.tests)) == ({"x__b"}, set())


# The load order.


def built(graph: Graph, connection: duckdb.DuckDBPyConnection) -> list[Any]:
    connection.execute("create schema readback; create table readback.records as select 1 where false")
    results = run(graph, connection, select(graph))
    assert [result for result in results if result.status not in ("ok", "pass")] == []
    return list(staging_models(graph, connection))


def test_relationships_tests_are_the_load_order(graph: Graph, connection: duckdb.DuckDBPyConnection) -> None:
    models = built(graph, connection)
    assert [model.object for model in models] == ["person", "task", "taskTarget"]
    assert [(edge.column, edge.object, edge.field) for edge in models[-1].parents] == [
        ("taskId", "task", "id"),
        ("targetPersonId", "person", "id"),
    ]


def test_columns_at_home_are_not_sent_and_fields_are_declared(
    graph: Graph, connection: duckdb.DuckDBPyConnection
) -> None:
    person = built(graph, connection)[0]
    assert person.columns == ("id", "sourceSystemId", "dateOfBirth")
    assert [(field.name, field.type, field.description) for field in person.fields] == [
        ("dateOfBirth", "DATE", "As the clinic has it.")
    ]


def circling(*, task_id: str, column: str) -> dict[str, str]:
    """The files with a task that points back at its target; ``task_id`` are the tests of taskTarget's taskId."""
    relation = (
        f"columns: [{{name: {column}, data_tests: [{{relationships: {{to: ref('twenty__taskTarget'), field: id}}}}]}}]"
    )
    models = MODELS.replace("tags: [calendar]}", "tags: [calendar]}\n        " + relation)
    models = models.replace(
        "- name: taskId\n            data_tests:", f"- name: taskId\n            data_tests:{task_id}"
    )
    task = f"select '1' as id, '1' as \"sourceSystemId\", null::varchar as {column}"
    return FILES | {"models/m.yml": models, "models/twenty/twenty__task.sql": task}


def test_a_nullable_column_that_closes_a_circle_is_left_for_later(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection
) -> None:
    graph = read_graph(make_project(circling(task_id="\n              - not_null", column="mainTargetId")))
    models = {model.object: model for model in built(graph, connection)}
    assert list(models) == ["person", "task", "taskTarget"]
    assert (models["task"].deferred, models["taskTarget"].deferred) == (("mainTargetId",), ())
    assert [edge.object for edge in models["task"].parents] == ["taskTarget"]


@pytest.mark.parametrize("column", ["mainTargetId", "_target"])
def test_a_circle_that_no_nullable_column_opens_is_named(
    make_project: MakeProject, connection: duckdb.DuckDBPyConnection, column: str
) -> None:
    files = circling(task_id="\n              - not_null", column=column)
    if column == "mainTargetId":
        files["models/m.yml"] = files["models/m.yml"].replace("[{relationships", "[not_null, {relationships")
        files["models/twenty/twenty__task.sql"] = files["models/twenty/twenty__task.sql"].replace(
            "null::varchar", "'3'"
        )
    graph = read_graph(make_project(files))
    with pytest.raises(
        ConfigurationError,
        match="circle: twenty__task → twenty__taskTarget → twenty__task\n.*twenty__taskTarget.taskId",
    ):
        built(graph, connection)


def test_a_model_may_point_to_itself(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    models = """
        models:
          - name: twenty__person
            config: {load: {object: person, key: id}}
            columns:
              - name: referrerId
                data_tests: [{relationships: {to: ref('twenty__person'), field: id}}]
    """
    person = "select '1' as id, null::varchar as \"referrerId\""
    graph = read_graph(make_project({"models/m.yml": models, "models/twenty/twenty__person.sql": person}))
    [model] = built(graph, connection)
    assert model.deferred == ("referrerId",)


def test_columns_for_matched_records_are_told(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    models = """
        models:
          - name: twenty__member
            config: {load: {object: member, key: sourceSystemId, mode: match}}
            columns: [{name: sourceSystemId, when_matched: true}]
    """
    member = "select '1' as id, '2' as \"sourceSystemId\""
    graph = read_graph(make_project({"models/m.yml": models, "models/twenty/twenty__member.sql": member}))
    assert [model.when_matched for model in built(graph, connection)] == [("sourceSystemId",)]


def test_a_field_without_a_column_is_an_error(make_project: MakeProject, connection: duckdb.DuckDBPyConnection) -> None:
    graph = read_graph(make_project(FILES | {"models/m.yml": MODELS.replace("dateOfBirth", "birthDate")}))
    with pytest.raises(ConfigurationError, match="'birthDate' is to be a field of person, and is no column"):
        connection.execute("create schema readback; create table readback.records as select 1 where false")
        run(graph, connection, select(graph))
        staging_models(graph, connection)


def test_a_table_that_was_not_built_is_named(graph: Graph, connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ShiftError, match="the table twenty.* was not built yet"):
        staging_models(graph, connection)
