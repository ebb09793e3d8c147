"""What the CRM holds lands as `destination.*`, and models can count on the declared columns."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from shift.destination import Table
from shift.errors import Again
from shift.project import SourceColumn, SourceTable
from shift.pulling import ensure_tables, pull

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
