"""What the CRM holds lands as `destination.*`, and models can count on the declared columns."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pytest
from fakes import MemoryCRM

from shift.destination import Record, Table
from shift.errors import Again
from shift.ledger import mirror
from shift.project import SourceColumn, SourceTable
from shift.pulling import ensure_tables, pull, pull_data_model, pull_records

PEOPLE = SourceTable(
    name="people",
    columns=[SourceColumn(name="id"), SourceColumn(name="deleted", type="boolean"), SourceColumn(name="email")],
)


def rows(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[object, ...]]:
    return connection.execute(f"select * from {relation}").fetchall()


def test_values_land_in_the_declared_columns_and_types(connection: duckdb.DuckDBPyConnection) -> None:
    table = Table("people", ("id", "deleted", "extra"), [("1", False, 7), ("2", True, None)])
    assert pull(connection, [table], [PEOPLE]) == {"people": 2}
    assert connection.execute("select id, deleted, email, extra from destination.people").fetchall() == [
        ("1", False, None, "7"),
        ("2", True, None, None),
    ]


def test_the_data_model_is_pulled_alone(connection: duckdb.DuckDBPyConnection) -> None:
    def tables(*fields: str) -> Iterator[Table]:
        yield Table("objects", ("name",), [("person",)])
        yield Table("fields", ("object", "name"), [("person", name) for name in fields])
        yield Table("people", ("id",), [(name,) for name in fields])

    pull(connection, tables("old"), [PEOPLE])
    pull_data_model(connection, tables("old", "new"), [PEOPLE])
    assert connection.execute("select object, name, is_active from destination.fields").fetchall() == [
        ("person", "old", None),
        ("person", "new", None),
    ]
    assert connection.execute("select id from destination.people").fetchall() == [("old",)]


def test_a_declared_table_that_was_not_pulled_is_empty(connection: duckdb.DuckDBPyConnection) -> None:
    pull(connection, [Table("people", ("id",), [("1",)])], [PEOPLE])
    pull(connection, [], [PEOPLE])
    assert rows(connection, "destination.people") == []


def test_a_table_that_nobody_declared_lands_too(connection: duckdb.DuckDBPyConnection) -> None:
    pull(connection, [Table("pipelines", ("name",), [("Sales 'A'",)])], [PEOPLE])
    assert rows(connection, "destination.pipelines") == [("Sales 'A'",)]


def test_a_pull_that_breaks_off_leaves_the_last_one(connection: duckdb.DuckDBPyConnection) -> None:
    pull(connection, [Table("people", ("id",), [("1",)])], [PEOPLE])

    def breaks_off() -> Iterator[Table]:
        yield Table("people", ("id",), [("2",)])
        raise Again("the connection was lost", arrived=True)

    with pytest.raises(Again):
        pull(connection, breaks_off(), [PEOPLE])
    assert rows(connection, "destination.people") == [("1", None, None)]


def test_before_the_first_pull_the_tables_are_there_and_later_ones_stay(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    ensure_tables(connection, [PEOPLE])
    assert rows(connection, "destination.people") == []
    pull(connection, [Table("people", ("id",), [("1",)])], [PEOPLE])
    ensure_tables(connection, [PEOPLE])
    assert len(rows(connection, "destination.people")) == 1


# --- the baseline -----------------------------------------------------------------------------------------------


def pulled_with_records(connection: duckdb.DuckDBPyConnection, crm: MemoryCRM, *objects: str) -> list[tuple[str, str]]:
    pull(connection, crm.pull(), [])
    pull_records(connection, crm, objects)
    return connection.execute("select object, id from destination.records order by all").fetchall()


def test_whole_records_are_the_baseline_until_something_of_ours_is_in(connection: duckdb.DuckDBPyConnection) -> None:
    mirror(None, connection)
    crm = MemoryCRM(objects=["person", "task"], records={"person": {"p1": {"id": "p1", "name": "Ann"}}})
    assert pulled_with_records(connection, crm, "person", "task", "notMadeYet") == [("person", "p1")]
    [(body,)] = connection.execute("select body from destination.records").fetchall()
    assert json.loads(body)["name"] == "Ann"

    crm.records["task"] = {"t1": {"id": "t1"}}
    assert pulled_with_records(connection, crm, "person", "task") == [("person", "p1"), ("task", "t1")]

    connection.execute("insert into ledger.records (object, key, id) values ('person', '1', 'p2')")
    crm.records["person"]["p2"] = {"id": "p2"}
    assert pulled_with_records(connection, crm, "person", "task") == [("person", "p1"), ("task", "t1")]


def test_a_baseline_that_breaks_off_leaves_the_last_one(connection: duckdb.DuckDBPyConnection) -> None:
    mirror(None, connection)
    crm = MemoryCRM(records={"person": {"p1": {"id": "p1"}}})
    before = pulled_with_records(connection, crm, "person")

    class BreaksOff(MemoryCRM):
        def every(self, object: str) -> Iterator[Record]:
            yield Record("p2", "{}")
            raise Again("the connection was lost", arrived=True)

    with pytest.raises(Again):
        pulled_with_records(connection, BreaksOff(), "person")
    assert connection.execute("select object, id from destination.records").fetchall() == before


# --- two destinations -------------------------------------------------------------------------------------------


def test_what_another_destination_holds_is_dropped(connection: duckdb.DuckDBPyConnection) -> None:
    pull(connection, [Table("people", ("id",), [("1",)]), Table("deals", ("id",), [("7",)])], [PEOPLE], "one")
    ensure_tables(connection, [PEOPLE], "one")
    assert len(rows(connection, "destination.people")) == 1
    ensure_tables(connection, [PEOPLE], "other")
    assert rows(connection, "destination.people") == []
    pull(connection, [Table("people", ("id",), [("2",)])], [PEOPLE], "other")
    tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert "deals" not in tables


def test_a_column_that_was_declared_since_the_last_pull_is_there_and_null(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    pull(connection, [Table("people", ("id",), [("1",)])], [])
    ensure_tables(connection, [PEOPLE])
    assert connection.execute("select id, deleted, email from destination.people").fetchall() == [("1", None, None)]


def test_the_engines_own_tables_are_there_whatever_is_pulled(connection: duckdb.DuckDBPyConnection) -> None:
    pull(connection, [], [])
    for table in ("objects", "fields", "records"):
        assert rows(connection, f"destination.{table}") == []
