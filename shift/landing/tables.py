"""The ``raw`` schema: what it holds, and how a landing takes the place of the one before it in one step.

A landing fills tables of its own beside the present ones, and renames them when all is well.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shift.database import append, column_types, literal, quoted, tables_in, transaction
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
_META = {
    "_files": column_types(
        "file varchar, kind varchar, reason varchar, size_bytes bigint, sha256 varchar, encoding varchar, "
        "delimiter varchar, run_date date, from_date date, to_date date, rows bigint, landed bigint, "
        "unreadable bigint, blank_lines bigint, notes varchar[]"
    ),
    "_unreadable": column_types("file varchar, kind varchar, row bigint, line bigint, text varchar, reason varchar"),
    "_columns": column_types(
        "file varchar, kind varchar, header varchar, position integer, column_name varchar, filled bigint"
    ),
    "_attachments": column_types("folder varchar, path varchar, size_bytes bigint, modified_ns bigint, sha256 varchar"),
    "_kinds": column_types(
        "kind varchar, description varchar, required boolean, from_api boolean, left_out varchar, if_missing varchar"
    ),
    "_kind_columns": column_types("kind varchar, column_name varchar, header varchar, left_out varchar"),
}
_of_file = attrgetter(
    *("file", "kind", "reason", "size_bytes", "sha256", "encoding", "delimiter"),
    *("dates.run", "dates.first", "dates.last", "rows", "landed", "unreadable", "blank_lines", "notes"),
)
_of_kind = attrgetter("name", "description", "required", "from_api", "left_out", "if_missing")

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
    for table in tables_in(connection, "raw"):
        if table.endswith(_NEW):
            connection.execute(f"drop table raw.{quoted(table)}")


def swap(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the new tables in the place of the old, all or none."""
    found = tables_in(connection, "raw")
    new = [table for table in found if table.endswith(_NEW)]
    with transaction(connection):
        for table in found:
            if table not in new:
                connection.execute(f"drop table raw.{quoted(table)}")
        for table in new:
            connection.execute(f"alter table raw.{quoted(table)} rename to {quoted(table.removesuffix(_NEW))}")


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


def note(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows of one of landing's own tables, such as ``_unreadable``, with a value for each of its columns."""
    append(connection, name_of(table), _META[table], list(rows))


def note_files(connection: duckdb.DuckDBPyConnection, files: Sequence[LandedFile]) -> None:
    """Write the line of each file, and of each of its columns."""
    note(connection, "_files", map(_of_file, files))
    note(connection, "_columns", ((file.file, file.kind, *astuple(one)) for file in files for one in file.columns))


def note_kinds(connection: duckdb.DuckDBPyConnection, tables: Sequence[SourceTable]) -> None:
    """Write what the sources declare, so that SQL can say what a missing file or column costs."""
    note(connection, "_kinds", map(_of_kind, tables))
    note(
        connection,
        "_kind_columns",
        ((table.name, column.name, column.header, column.left_out) for table in tables for column in table.columns),
    )


def known_hashes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, int, int], str]:
    """The hashes that the landing before this one found, by folder, path, size and time."""
    if "_attachments" not in tables_in(connection, "raw"):
        return {}
    found = connection.execute("select folder, path, size_bytes, modified_ns, sha256 from raw._attachments")
    return {(folder, path, size, modified): digest for folder, path, size, modified, digest in found.fetchall()}


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
