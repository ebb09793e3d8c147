"""The ``raw`` schema: what it holds, and how a landing takes the place of the one before it in one step.

A landing fills tables of its own beside the present ones, and renames them when all is well.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shift.database import literal, quoted
from shift.landing.attachments import Attachment
from shift.landing.headers import Matched
from shift.landing.result import LandedFile
from shift.project import SourceTable

if TYPE_CHECKING:
    import duckdb

_NEW = "__landing"
_OWN_COLUMNS = {
    "_file": "varchar",
    "_row": "bigint",
    "_landed_at": "timestamptz",
    "_extra": "map(varchar, varchar)",
}
_UNREADABLE = {
    "file": "varchar",
    "kind": "varchar",
    "row": "bigint",
    "line": "bigint",
    "text": "varchar",
    "reason": "varchar",
}
_FILES = {
    "file": "varchar",
    "kind": "varchar",
    "reason": "varchar",
    "size_bytes": "bigint",
    "sha256": "varchar",
    "encoding": "varchar",
    "delimiter": "varchar",
    "run_date": "date",
    "from_date": "date",
    "to_date": "date",
    "rows": "bigint",
    "landed": "bigint",
    "unreadable": "bigint",
    "blank_lines": "bigint",
    "notes": "varchar[]",
}
_COLUMNS = {
    "file": "varchar",
    "kind": "varchar",
    "header": "varchar",
    "position": "integer",
    "column_name": "varchar",
    "filled": "bigint",
}
_ATTACHMENTS = {
    "folder": "varchar",
    "path": "varchar",
    "size_bytes": "bigint",
    "modified_ns": "bigint",
    "sha256": "varchar",
}
_KINDS = {
    "kind": "varchar",
    "description": "varchar",
    "required": "boolean",
    "from_api": "boolean",
    "left_out": "varchar",
    "if_missing": "varchar",
}
_KIND_COLUMNS = {
    "kind": "varchar",
    "column_name": "varchar",
    "header": "varchar",
    "left_out": "varchar",
}
_META = {
    "_files": _FILES,
    "_unreadable": _UNREADABLE,
    "_columns": _COLUMNS,
    "_attachments": _ATTACHMENTS,
    "_kinds": _KINDS,
    "_kind_columns": _KIND_COLUMNS,
}

# A longer cell than DuckDB's own limit is fine; this much is added for what the limit counts besides the record.
_SPARE_BYTES = 1 << 12
_DUCKDB_LINE = 2_097_152
# ="123" as spreadsheets are made to leave an id alone.
_GUARDED = r'^=(?:"([^"]*)"|(\d+))$'
_SHORTENED = r"(?:^|[\s,;|])\d+(?:[.,]\d+)?[eE]\+\d+(?:$|[\s,;|])"


def name_of(table: str) -> str:
    """The table that this landing fills, as SQL writes it."""
    return f"raw.{quoted(table + _NEW)}"


def prepare(connection: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable]) -> None:
    """Make the empty tables of a new landing."""
    connection.execute("create schema if not exists raw")
    discard(connection)
    for table in tables:
        columns = {**_OWN_COLUMNS, **{column.name: "varchar" for column in table.columns}}
        _create(connection, table.name, columns)
    for name, columns in _META.items():
        _create(connection, name, columns)


def _create(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    body = ", ".join(f"{quoted(name)} {type}" for name, type in columns.items())
    connection.execute(f"create table {name_of(table)} ({body})")


def discard(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the tables of a landing that did not end."""
    for table in _tables(connection):
        if table.endswith(_NEW):
            connection.execute(f"drop table raw.{quoted(table)}")


def swap(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the new tables in the place of the old, all or none."""
    found = _tables(connection)
    connection.begin()
    try:
        for table in found:
            if not table.endswith(_NEW):
                connection.execute(f"drop table raw.{quoted(table)}")
        for table in found:
            if table.endswith(_NEW):
                new_name = quoted(table.removesuffix(_NEW))
                connection.execute(f"alter table raw.{quoted(table)} rename to {new_name}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' and database_name = current_database()"
    )
    return [table for (table,) in found.fetchall()]


def identifying(table: SourceTable) -> list[str]:
    """The columns by which records are known and joined: ids, keys and joins."""
    return [
        column.name
        for column in table.columns
        if column.type == "id" or column.name in table.key or column.name in table.joins
    ]


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: SourceTable,
    columns: Sequence[Matched],
    path: Path,
    *,
    file: str,
    landed_at: datetime,
    delimiter: str,
    longest: int,
    numbered: bool,
) -> int:
    """Read a CSV of plain dialect into its table, and say how many rows came.

    A ``numbered`` file (the mender's) has no header, and each record's number as its first cell. Raises duckdb.Error,
    and lands nothing, where a record does not fit.
    """
    count = len(columns)
    cells = [f"c{place}" for place in range(count)]
    types = {**({"_row": "bigint"} if numbered else {}), **dict.fromkeys(cells, "varchar")}
    guarded = set(identifying(table))
    selected = {
        "_file": literal(file),
        "_row": "_row" if numbered else "row_number() over () + 1",
        "_landed_at": f"{literal(landed_at.isoformat())}::timestamptz",
        "_extra": _extra(
            [(found.header, cell) for found, cell in zip(columns, cells, strict=True) if not found.column]
        ),
    }
    for found, cell in zip(columns, cells, strict=True):
        if found.column is not None:
            selected[found.column.name] = _unguarded(cell) if found.column.name in guarded else cell
    struct = ", ".join(f"{literal(name)}: {literal(type)}" for name, type in types.items())
    # Left alone, DuckDB takes the first line end that it sees: in a regular file the header's, here any within quotes.
    line_end = r", new_line = '\n'" if numbered else ""
    limit = max(longest + _SPARE_BYTES, _DUCKDB_LINE)
    result = connection.execute(
        f"""
        insert into {name_of(table.name)} ({", ".join(quoted(name) for name in selected)})
        select {", ".join(selected.values())}
        from read_csv({literal(glob.escape(str(path)))},
            auto_detect = false, header = false, skip = {0 if numbered else 1},
            delim = {literal(delimiter)}, quote = '"', escape = '"', columns = {{{struct}}},
            strict_mode = true, null_padding = false, max_line_size = {limit}{line_end})
        """
    ).fetchone()
    return int(result[0]) if result else 0


def _extra(unknown: Sequence[tuple[str, str]]) -> str:
    """The unknown columns as a map from header to value, filled cells only."""
    if not unknown:
        return "map()"
    pairs = ", ".join(f"{{'k': {literal(header)}, 'v': {cell}}}" for header, cell in unknown)
    return f"map_from_entries(list_filter([{pairs}], lambda pair: pair.v is not null))"


def _unguarded(cell: str) -> str:
    return (
        f"case when starts_with({cell}, '=') then regexp_replace({cell}, {literal(_GUARDED)}, '\\1\\2') else {cell} end"
    )


def append_files(connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
    """Write the line of each file, and of each of its columns."""
    rows = [
        (
            file.file,
            file.kind,
            file.reason,
            file.size_bytes,
            file.sha256,
            file.encoding,
            file.delimiter,
            file.dates.run,
            file.dates.first,
            file.dates.last,
            file.rows,
            file.landed,
            file.unreadable,
            file.blank_lines,
            list(file.notes),
        )
        for file in files
    ]
    columns = [
        (file.file, file.kind, column.header, column.position, column.column, column.filled)
        for file in files
        for column in file.columns
    ]
    _append(connection, "_files", rows)
    _append(connection, "_columns", columns)


def append_unreadable(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[tuple[str, str, int, int, str, str]]
) -> None:
    """Write records that were not landed: file, kind, row, line, text, reason."""
    _append(connection, "_unreadable", rows)


def append_attachments(connection: duckdb.DuckDBPyConnection, found: Sequence[Attachment]) -> None:
    """Write where each of the patients' files lies."""
    _append(
        connection,
        "_attachments",
        [(file.folder, file.path, file.size_bytes, file.modified_ns, file.sha256) for file in found],
    )


def append_kinds(connection: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable]) -> None:
    """Write what the sources declare, so that SQL can say what a missing file or column costs."""
    _append(
        connection,
        "_kinds",
        [
            (table.name, table.description, table.required, table.from_api, table.left_out, table.if_missing)
            for table in tables
        ],
    )
    _append(
        connection,
        "_kind_columns",
        [(table.name, column.name, column.header, column.left_out) for table in tables for column in table.columns],
    )


def known_hashes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, int, int], str]:
    """The hashes that the landing before this one found, by folder, path, size and time."""
    if "_attachments" not in _tables(connection):
        return {}
    found = connection.execute("select folder, path, size_bytes, modified_ns, sha256 from raw._attachments")
    return {(folder, path, size, modified): digest for folder, path, size, modified, digest in found.fetchall()}


def _append(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    lists = ", ".join(f"unnest(${place}::{type}[])" for place, type in enumerate(_META[table].values(), 1))
    values = [list(column) for column in zip(*rows, strict=True)]
    connection.execute(f"insert into {name_of(table)} select {lists}", values)


def remove(connection: duckdb.DuckDBPyConnection, table: SourceTable, file: str) -> None:
    """Take back what was landed of one file."""
    connection.execute(f"delete from {name_of(table.name)} where _file = ?", [file])
    connection.execute(f"delete from {name_of('_unreadable')} where file = ?", [file])


def shortened(connection: duckdb.DuckDBPyConnection, table: SourceTable, file: str) -> tuple[str, str, int] | None:
    """The first identifying column in which a spreadsheet shortened numbers, an example, and in how many rows."""
    for column in identifying(table):
        name = quoted(column)
        found = connection.execute(
            f"select any_value({name}), count(*) from {name_of(table.name)}"
            f" where _file = ? and contains({name}, '+') and regexp_matches({name}, ?)",
            [file, _SHORTENED],
        ).fetchone()
        if found and found[1]:
            return column, str(found[0]), int(found[1])
    return None


def filled(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, file: str, columns: Sequence[Matched]
) -> list[int]:
    """How many cells of each of a file's columns are filled."""
    known = [found.column.name for found in columns if found.column is not None]
    counts: dict[str, int] = {}
    if known:
        sums = ", ".join(f"count({quoted(name)})" for name in known)
        row = connection.execute(f"select {sums} from {name_of(table.name)} where _file = ?", [file]).fetchone()
        counts = dict(zip(known, row or (), strict=True))
    extra: dict[str, int] = {}
    if len(known) < len(columns):
        found_extra = connection.execute(
            f"select header, count(*) from (select unnest(map_keys(_extra)) as header from {name_of(table.name)}"
            " where _file = ?) group by header",
            [file],
        )
        extra = dict(found_extra.fetchall())
    return [extra.get(found.header, 0) if found.column is None else counts[found.column.name] for found in columns]
