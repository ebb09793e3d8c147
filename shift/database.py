"""The one way to open DuckDB: in UTC, for its owner alone, and with a plain word when somebody else holds the file.

And what every room does with a connection: many rows in at once, rows out by name, all of it or nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shift.errors import ConfigurationError, ShiftError
from shift.invocation import command

if TYPE_CHECKING:
    import duckdb

_LITTLE = "200MB"
_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


def open_database(
    path: Path | None, *, settings: Mapping[str, str | int | float | bool] | None = None, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a database file (``None``: one in memory), with project.yml's ``duckdb:`` settings.

    Raises ShiftError where another program holds the file, and ConfigurationError for a setting DuckDB does not know.
    """
    import duckdb

    if path is not None and not read_only:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # DuckDB keeps its log and what it spills beside it
    try:
        connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only)
    except duckdb.IOException as error:
        holder = _HOLDER.search(str(error))
        if holder is None:
            raise ShiftError(
                f"cannot be opened: {error}",
                where=str(path),
                hint=f"What is in target/ can be built again: {command('clean')}, then {command('build')}",
            ) from None
        raise ShiftError(
            f"another program has it open: {holder['program']} (process {holder['pid']})",
            where=str(path),
            hint="Close it, and run the command again.",
        ) from None
    if path is not None and not read_only:
        os.chmod(path, 0o600)
    # Times are compared and printed in the session's zone; a machine's own must not change what is built.
    connection.execute("set TimeZone = 'UTC'")
    # DuckDB draws its bar on standard output, where results for programs are printed.
    connection.execute("set enable_progress_bar = false")
    for name, value in (settings or {}).items():
        try:
            connection.execute(f"set {quoted(name)} = {literal(str(value))}")
        except duckdb.Error as error:
            connection.close()
            raise ConfigurationError(
                f"DuckDB does not take '{name}: {value}': {str(error).splitlines()[0]}", where="project.yml, duckdb"
            ) from None
    return connection


def spare_memory(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, str | int | float | bool]) -> None:
    """Have DuckDB keep little in memory from here on, as what runs for hours beside other programs should.

    What does not fit goes to disk. A ``memory_limit`` of project.yml stands.
    """
    if "memory_limit" not in settings:
        connection.execute(f"set memory_limit = '{_LITTLE}'")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep all that the block does, or nothing where it raises."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def append(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    types: Mapping[str, str],
    rows: Sequence[Sequence[Any]],
    *,
    replacing: bool = False,
) -> None:
    """Insert rows with a value for each of the columns in ``types``; ``replacing`` those of the same primary key.

    One statement for all: a hundred thousand rows take a quarter of a second, one by one minutes.
    """
    if not rows:
        return
    names = ", ".join(map(quoted, types))
    values = ", ".join(f"unnest(?::{type}[])" for type in types.values())
    insert = "insert or replace into" if replacing else "insert into"
    connection.execute(f"{insert} {relation} ({names}) select {values}", list(map(list, zip(*rows, strict=True))))


def column_types(declared: str) -> dict[str, str]:
    """Columns as SQL declares them (``"name varchar, rows bigint"``), by name."""
    return dict(column.split() for column in declared.split(","))


def records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query, each by the names of its columns."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def tables_in(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    """The names of a schema's tables; none where there is no such schema."""
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ? and database_name = current_database()", [schema]
    )
    return [table for (table,) in found.fetchall()]


def quoted(identifier: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
