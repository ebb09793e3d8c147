"""The ledger as tables in DuckDB, schema `ledger`, for plan, models and tests: `source('ledger', 'records')`.

runs, intents, outcomes, held_back, calls, schema_changes, automations, looked_at   as in the ledger, without bodies
records   one row per record that the ledger has a last word on: object, key, id and hash (of what was last
          written; both null while it is not in the CRM, and the hash too where a rollback left the record, so that
          the next load compares it by field), status (of the last outcome but *kept*), seen_hash (of the payload that
          the status speaks of), message, run, noted_at
rejects   the records whose last outcome is *rejected*: object, key, id, message (the CRM's words), run, noted_at
"""

from __future__ import annotations

from hashlib import sha256
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
    "doubles": "noted_at timestamptz, run bigint, object varchar, key varchar, id varchar, kept boolean",
    "calls": "noted_at timestamptz, run bigint, method varchar, path varchar, status bigint, seconds double, "
    "attempt bigint, request_id varchar, error varchar",
    "schema_changes": "noted_at timestamptz, run bigint, object varchar, field varchar, event varchar, id varchar, "
    "details varchar",
    "automations": "noted_at timestamptz, run bigint, event varchar, id varchar, name varchar",
    "looked_at": "noted_at timestamptz, run bigint, mapping varchar",
    "undoings": "run bigint, undone bigint",
}
# What a record was last written with is mostly its last word too: few need the second look-up.
_RECORDS = """
create or replace table ledger.records as
with words as (
    select
        intents.intent,
        intents.object,
        intents.key,
        coalesce(outcomes.id, intents.id) as id,
        intents.hash,
        outcomes.status,
        outcomes.message,
        intents.run,
        outcomes.noted_at,
    from ledger.intents as intents
    join ledger.outcomes as outcomes on outcomes.intent = intents.intent
    where outcomes.status not in ('refused', 'absent', 'uploaded')
        and not (outcomes.status = 'rejected' and intents.operation = 'restore')
        and intents.operation <> 'upload'
),
latest as (
    select
        max(intent) filter (where status <> 'kept') as last_word,
        max(intent) filter (where status in ('created', 'updated', 'adopted', 'freed', 'restored')) as last_write,
        max(intent) filter (where status in ('gone', 'deleted')) as last_gone,
        max(intent) filter (where status = 'kept') as last_kept,
    from words
    group by object, key
),
written_before as (
    select
        latest.last_word,
        words.id,
        words.hash,
    from latest
    join words on words.intent = latest.last_write
    where latest.last_write < latest.last_word
),
final as (
    select
        words.object,
        words.key,
        case
            when last_write <= last_gone then null
            when last_write = latest.last_word then words.id
            else written_before.id
        end as id,
        case
            when last_write <= greatest(last_gone, last_kept) then null
            when last_write = latest.last_word then words.hash
            else written_before.hash
        end as hash,
        words.status,
        words.hash as seen_hash,
        words.message,
        words.run,
        words.noted_at,
    from latest
    join words on words.intent = latest.last_word
    left join written_before on written_before.last_word = latest.last_word
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
    # A mirror of other columns, as an older program made it, is no mirror of this ledger either.
    identity = f"{ledger.identity() if ledger else 'none'} {sha256(repr(_COLUMNS).encode()).hexdigest()[:16]}"
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
