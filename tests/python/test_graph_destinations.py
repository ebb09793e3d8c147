"""What of a project takes part in a run to one destination, and what is built before a staging table is checked."""

from __future__ import annotations

from support import MakeProject

from shift.graph import read_graph

PROJECT = """
name: small
to: one
destinations:
  one: {loader: one}
  other: {loader: other}
"""
SOURCES = """
sources:
  - name: one
    schema: destination
    tables: [{name: members}]
  - name: other
    schema: destination
    tables: [{name: users}]
"""
PERSON = """
models:
  - name: one__person
    config:
      load: {object: person, key: id, fields: ref('one__a_fields')}
    columns:
      - name: kind
        field: {type: SELECT, label: Kind, options: {from: ref('one__z_kinds')}}
"""
FILES = {
    "project.yml": PROJECT,
    "sources/crm.yml": SOURCES,
    "models/one/one__person.sql": "select 1 as id, 'x' as kind",
    "models/one/one__person.yml": PERSON,
    "models/one/one__a_fields.sql": "select 1 as x",
    "models/one/one__z_kinds.sql": "select 1 as x",
    "models/other/other__contact.sql": "select 1 as id",
    "models/other/other__contact.yml": "models: [{name: other__contact, config: {load: {object: contact, key: id}}}]",
    "tests/plan/of_one.sql": "select * from {{ source('one', 'members') }}",
    "tests/plan/of_the_other.sql": "select * from {{ source('other', 'users') }}",
    "tests/plan/of_the_model_of_the_other.sql": "select * from {{ ref('other__contact') }}",
}


def test_a_test_that_reads_another_destination_stays_away(make_project: MakeProject) -> None:
    project = make_project(FILES)
    assert set(read_graph(project).tests) == {"of_one"}
    assert set(read_graph(project.with_to("other")).tests) == {"of_the_other", "of_the_model_of_the_other"}


def test_tables_that_yaml_names_for_fields_and_choices_are_built_first(make_project: MakeProject) -> None:
    order = read_graph(make_project(FILES)).order
    assert set(order[:2]) == {"one__a_fields", "one__z_kinds"} and order[2] == "one__person"
