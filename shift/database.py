"""The one way to open DuckDB: in UTC, for its owner alone, and with a plain word when somebody else holds the file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shift.errors import ConfigurationError, ShiftError

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
            raise ShiftError(f"cannot be opened: {error}", where=str(path)) from None
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


def quoted(identifier: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
