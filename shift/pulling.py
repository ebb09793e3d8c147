"""What the CRM holds already, as the tables ``destination.*``: users, objects, fields, and what else a loader pulls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from shift.database import quoted
from shift.destination import Table
from shift.project import SourceTable

if TYPE_CHECKING:
    import duckdb

    from shift.project import Project

SCHEMA = "destination"
_TYPES = {"boolean": "boolean", "integer": "bigint"}


def declared_tables(project: Project) -> list[SourceTable]:
    """The tables of the sources that land in ``destination``, for the destination that was chosen."""
    return [
        table
        for source, table in project.sources.values()
        if source.schema == SCHEMA and (source.name == project.to or source.name not in project.file.destinations)
    ]


def ensure_tables(connection: duckdb.DuckDBPyConnection, declared: Sequence[SourceTable]) -> None:
    """Make the declared tables that are not there, empty, so that models build before the first pull."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    for table in declared:
        columns = ", ".join(f"{quoted(name)} {type}" for name, type in _declared_columns(table).items())
        connection.execute(f"create table if not exists {_relation(table.name)} ({columns})")


def pull(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], declared: Sequence[SourceTable]
) -> Mapping[str, int]:
    """Land a destination's tables, all of them or none; the number of rows of each.

    A declared column is always there, null where the CRM has none; a declared table that was not pulled is empty.
    ``tables`` is what ``Destination.pull`` gives, and is read before anything is replaced.
    """
    pulled = {table.name: table for table in tables}
    known = {table.name: table for table in declared}
    connection.execute("begin")
    try:
        connection.execute(f"create schema if not exists {SCHEMA}")
        for name in {**known, **pulled}:
            types = _declared_columns(known[name]) if name in known else {}
            _land(connection, pulled.get(name, Table(name, (), ())), types)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return {name: len(table.rows) for name, table in pulled.items()}


def _land(connection: duckdb.DuckDBPyConnection, table: Table, types: Mapping[str, str]) -> None:
    columns = {**types, **{name: types.get(name, "varchar") for name in table.columns}}
    declared = ", ".join(f"{quoted(name)} {type}" for name, type in columns.items())
    connection.execute(f"create or replace table {_relation(table.name)} ({declared})")
    if not table.rows:
        return
    names = ", ".join(quoted(name) for name in table.columns)
    values = ", ".join(f"unnest(?::varchar[])::{columns[name]}" for name in table.columns)
    connection.execute(
        f"insert into {_relation(table.name)} ({names}) select {values}",
        [[None if value is None else str(value) for value in column] for column in zip(*table.rows, strict=True)],
    )


def _declared_columns(table: SourceTable) -> dict[str, str]:
    return {column.name: _TYPES.get(column.type, "varchar") for column in table.columns}


def _relation(table: str) -> str:
    return f"{SCHEMA}.{quoted(table)}"
