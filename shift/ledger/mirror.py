"""The ledger as tables in DuckDB, schema `ledger`, for plan, models and tests: `source('ledger', 'records')`.

runs, intents, outcomes, held_back, calls, schema_changes   as they are in the ledger, without bodies
records   one row per record that the ledger has a last word on: object, key, id and hash (of what was last
          written; both null while it is not in the CRM), status (of the last outcome), seen_hash (of the payload
          that the status speaks of), message, run, noted_at
rejects   the records whose last outcome is *rejected*: object, key, id, message (the CRM's words), run, noted_at
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

    from shift.ledger.store import Ledger

_COLUMNS = {
    "runs": "run bigint, command varchar, pid bigint, started_at timestamptz, ended_at timestamptz, status varchar, "
    "message varchar",
    "intents": "intent bigint, run bigint, noted_at timestamptz, operation varchar, object varchar, key varchar, "
    "id varchar, hash varchar",
    "outcomes": "intent bigint, noted_at timestamptz, status varchar, id varchar, message varchar",
    "held_back": "run bigint, noted_at timestamptz, object varchar, key varchar, reason varchar",
    "calls": "noted_at timestamptz, run bigint, method varchar, path varchar, status bigint, seconds double, "
    "request_id varchar, error varchar",
    "schema_changes": "noted_at timestamptz, run bigint, object varchar, field varchar, event varchar, id varchar, "
    "details varchar",
}
_RECORDS = """
create or replace table ledger.records as
with settled as (
    select
        intents.intent,
        intents.object,
        intents.key,
        outcomes.status
    from ledger.intents as intents
    join ledger.outcomes as outcomes on outcomes.intent = intents.intent
    where outcomes.status not in ('refused', 'absent')
),
latest as (
    select
        object,
        key,
        max(intent) as last_word,
        max(intent) filter (where status in ('created', 'updated', 'adopted')) as last_write,
        max(intent) filter (where status = 'gone') as last_gone,
    from settled
    group by object, key
),
final as (
    select
        latest.object,
        latest.key,
        case when last_write > coalesce(last_gone, 0) then coalesce(written_outcome.id, written.id) end as id,
        case when last_write > coalesce(last_gone, 0) then written.hash end as hash,
        outcomes.status,
        said.hash as seen_hash,
        outcomes.message,
        said.run,
        outcomes.noted_at,
    from latest
    join ledger.intents as said on said.intent = latest.last_word
    join ledger.outcomes as outcomes on outcomes.intent = latest.last_word
    left join ledger.intents as written on written.intent = latest.last_write
    left join ledger.outcomes as written_outcome on written_outcome.intent = latest.last_write
)
select * from final
"""

_REJECTS = """
create or replace table ledger.rejects as
select
    object,
    key,
    id,
    message,
    run,
    noted_at,
from ledger.records
where status = 'rejected'
"""


def mirror(ledger: Ledger | None, connection: duckdb.DuckDBPyConnection) -> None:
    """Bring the mirror in DuckDB up to the ledger, all of it or nothing; empty tables where there is no ledger yet."""
    identity = ledger.identity() if ledger else "none"
    connection.execute("begin")
    try:
        connection.execute("create schema if not exists ledger")
        if not _is_of(connection, identity):
            _begin(connection, identity)
        if ledger is not None:
            connection.execute("delete from ledger.runs")
            _copy(ledger, connection, "runs", f"select {_names('runs')} from runs left join run_ends using (run)")
            grown = [_follow(ledger, connection, table) for table in _COLUMNS if table != "runs"]
            if any(grown):
                connection.execute(_RECORDS)
                connection.execute(_REJECTS)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def _is_of(connection: duckdb.DuckDBPyConnection, identity: str) -> bool:
    if not connection.execute(
        "from duckdb_tables() where schema_name = 'ledger' and table_name = '_mirrored'"
    ).fetchone():
        return False
    return connection.execute("select 1 from ledger._mirrored where ledger = ?", [identity]).fetchone() is not None


def _begin(connection: duckdb.DuckDBPyConnection, identity: str) -> None:
    for table, columns in _COLUMNS.items():
        connection.execute(f"create or replace table ledger.{table} ({columns})")
    connection.execute(_RECORDS)
    connection.execute(_REJECTS)
    connection.execute("create or replace table ledger._mirrored (ledger varchar, name varchar, last_row bigint)")
    connection.executemany("insert into ledger._mirrored values (?, ?, 0)", [[identity, table] for table in _COLUMNS])


def _follow(ledger: Ledger, connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Copy the rows that came since the last time; whether there were any."""
    [(last,)] = connection.execute("select last_row from ledger._mirrored where name = ?", [table]).fetchall()
    newest = ledger.last_row(table)
    if newest == last:
        return False
    _copy(ledger, connection, table, f"select {_names(table)} from {table} where rowid > {last} and rowid <= {newest}")
    connection.execute("update ledger._mirrored set last_row = ? where name = ?", [newest, table])
    return True


def _copy(ledger: Ledger, connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    types = [column.split(" ")[1] for column in _COLUMNS[table].split(", ")]
    # Times come as text. A chunk's column may be all null, which unnest alone could not type.
    unnested = ", ".join(f"unnest(?::{type.replace('timestamptz', 'varchar')}[])::{type}" for type in types)
    for chunk in ledger.rows(query):
        values: list[list[Any]] = [list(column) for column in zip(*chunk, strict=True)]
        connection.execute(f"insert into ledger.{table} select {unnested}", values)


def _names(table: str) -> str:
    return ", ".join(column.split(" ")[0] for column in _COLUMNS[table].split(", "))
