"""What the CRM holds already, as the tables ``destination.*``: users, objects, fields, and what else a loader pulls.

Three tables are the engine's own, whatever a loader pulls and a project declares:

    objects   name, is_active
    fields    object, name, type, is_active, options (JSON: the choices of a select), relation_target
    records   object, id, deleted, body (JSON): every record of the objects that will be written, as others left it

``records`` is the baseline that a rollback must come back to. So it is landed by every pull as long as nothing of ours
is in the CRM, and stays as it is from then on: our records are the ledger's to know, and are not fetched a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from shift.database import append, column_types, quoted, tables_in, transaction
from shift.destination import Destination, Table
from shift.project import SourceTable

if TYPE_CHECKING:
    import duckdb

    from shift.project import Project

SCHEMA = "destination"
RECORDS = "records"
_TYPES = {"boolean": "boolean", "integer": "bigint"}
_OWN = {
    "objects": column_types("name varchar, is_active boolean"),
    "fields": column_types(
        "object varchar, name varchar, type varchar, is_active boolean, options varchar, relation_target varchar"
    ),
    RECORDS: column_types("object varchar, id varchar, deleted boolean, body varchar"),
}
_RECORDS_AT_ONCE = 2_000


def declared_tables(project: Project) -> list[SourceTable]:
    """The tables of the sources that land in ``destination``, but those of another destination than the chosen one.

    A source is a destination's where models/ has a folder of its name: the loader's.
    """
    loader = project.destination.loader if project.to else None
    return [
        table
        for source, table in project.sources.values()
        if source.schema == SCHEMA and (source.name == loader or not (project.root / "models" / source.name).is_dir())
    ]


def ensure_tables(
    connection: duckdb.DuckDBPyConnection, declared: Sequence[SourceTable], destination: str = ""
) -> None:
    """Make the tables that are not there, empty, so that models build before the first pull.

    What was pulled from another destination is dropped.
    """
    if _pulled_from(connection) not in (None, destination):
        connection.execute(f"drop schema {SCHEMA} cascade")
    connection.execute(f"create schema if not exists {SCHEMA}")
    for name, types in _known_columns(declared).items():
        columns = ", ".join(f"{quoted(column)} {type}" for column, type in types.items())
        connection.execute(f"create table if not exists {_relation(name)} ({columns})")
        for column, type in types.items():  # a table that was pulled before the column was declared
            connection.execute(f"alter table {_relation(name)} add column if not exists {quoted(column)} {type}")


def pull(
    connection: duckdb.DuckDBPyConnection,
    tables: Iterable[Table],
    declared: Sequence[SourceTable],
    destination: str = "",
) -> Mapping[str, int]:
    """Land a destination's tables, all of them or none; the number of rows of each.

    A declared column is always there, null where the CRM has none; a declared table that was not pulled is empty.
    ``tables`` is what ``Destination.pull`` gives, and is read before anything is replaced.
    """
    pulled = {table.name: table for table in tables}
    known = _known_columns(declared)
    with transaction(connection):
        ensure_tables(connection, declared, destination)
        for name in known.keys() - {RECORDS} | pulled.keys():
            _land(connection, pulled.get(name, Table(name, (), ())), known.get(name, {}))
        connection.execute(f"create or replace table {SCHEMA}._pulled (destination varchar, pulled_at timestamptz)")
        connection.execute(f"insert into {SCHEMA}._pulled values (?, ?)", [destination, datetime.now(UTC).isoformat()])
    return {name: len(table.rows) for name, table in pulled.items()}


def pull_data_model(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], declared: Sequence[SourceTable]
) -> None:
    """Land ``destination.objects`` and ``destination.fields`` alone anew, as a load has left them; the rest stays.

    ``tables`` is what ``Destination.pull`` gives, and is read no further than these two.
    """
    known, found = _known_columns(declared), dict[str, Table]()
    for table in tables:
        if table.name in ("objects", "fields"):
            found[table.name] = table
        if len(found) == 2:
            break
    with transaction(connection):
        for name, table in found.items():
            _land(connection, table, known[name])


def pull_records(connection: duckdb.DuckDBPyConnection, destination: Destination, objects: Iterable[str]) -> None:
    """Land ``destination.records`` anew, all of it or nothing, unless something of ours is in the CRM already.

    The ledger must be mirrored. Of ``objects``, those that the CRM does not have yet hold nothing.
    """
    if connection.execute("select 1 from ledger.records where id is not null limit 1").fetchone():
        return
    there = {name for (name,) in connection.execute(f"select name from {SCHEMA}.objects").fetchall()}
    with transaction(connection):
        connection.execute(f"delete from {_relation(RECORDS)}")
        for object in dict.fromkeys(objects):
            records = iter(destination.every(object) if object in there else ())
            while some := list(islice(records, _RECORDS_AT_ONCE)):
                rows = [(object, one.id, one.deleted, one.body) for one in some]
                append(connection, _relation(RECORDS), _OWN[RECORDS], rows)


def pulled_at(connection: duckdb.DuckDBPyConnection) -> str | None:
    """When the last pull was, in UTC; None where there was none."""
    if _pulled_from(connection) is None:
        return None
    [(at,)] = connection.execute(f"select pulled_at::varchar from {SCHEMA}._pulled").fetchall()
    return str(at)


def _pulled_from(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The destination of the last pull."""
    if "_pulled" not in tables_in(connection, SCHEMA):
        return None
    row = connection.execute(f"select destination from {SCHEMA}._pulled").fetchone()
    return row[0] if row else None


def _land(connection: duckdb.DuckDBPyConnection, table: Table, types: Mapping[str, str]) -> None:
    columns = {**types, **{name: types.get(name, "varchar") for name in table.columns}}
    declared = ", ".join(f"{quoted(name)} {type}" for name, type in columns.items())
    connection.execute(f"create or replace table {_relation(table.name)} ({declared})")
    texts = [[None if value is None else str(value) for value in row] for row in table.rows]
    append(connection, _relation(table.name), {name: columns[name] for name in table.columns}, texts)


def _known_columns(declared: Sequence[SourceTable]) -> dict[str, dict[str, str]]:
    """The columns that each table has in any case: the engine's own, and those that are declared."""
    known = {name: dict(columns) for name, columns in _OWN.items()}
    for table in declared:
        for column in table.columns:
            known.setdefault(table.name, {}).setdefault(column.name, _TYPES.get(column.type, "varchar"))
    return known


def _relation(table: str) -> str:
    return f"{SCHEMA}.{quoted(table)}"
