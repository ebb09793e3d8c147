"""Read the CRM back, and compare every field of every record with what was meant.

It leaves four tables for SQL: `readback.sent` (object, key, id, body: the payload that is meant to stand there),
`readback.records` (object, id, body: what the CRM answered), `readback.differences` (object, key, id, field, sent,
found; field null where the whole record is missing) and `readback.fields` (object, field, equal, differing, missing).

A value counts as equal where both sides say the same number, the same instant, or the same text. What the CRM adds to a
record that we did not send is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from shift.database import literal, quoted
from shift.destination import Destination
from shift.payloads import payload_expression
from shift.staging import StagingModel

PAGE = 200  # records a call, the most that Twenty answers at once (contracts/twenty/rest-list)

_TABLES = {
    "sent": "object varchar, key varchar, id varchar, body json",
    "records": "object varchar, id varchar, body json",
    "differences": "object varchar, key varchar, id varchar, field varchar, sent varchar, found varchar",
    "fields": "object varchar, field varchar, equal bigint, differing bigint, missing bigint",
}

# A leaf is a value that holds no others, or the length of a list, at `[]`; `fullkey` is its path, alike on both sides.
_LEAF = """
        case when leaf.type = 'ARRAY' then leaf.fullkey || '[]' else leaf.fullkey end as fullkey,
        case when leaf.type = 'ARRAY' then json_array_length(leaf.value)::varchar else leaf.atom->>'$' end as value,"""

_DIFFERENCES = rf"""
create or replace table readback.leaves as
with sent as (
    select
        sent.object,
        sent.key,
        sent.id,
        leaf.type,
{_LEAF}
    from readback.sent as sent, json_tree(sent.body) as leaf
    where leaf.type not in ('OBJECT', 'NULL')
),
found as (
    select
        records.object,
        records.id,
{_LEAF}
    from readback.records as records, json_tree(records.body) as leaf
    where leaf.type not in ('OBJECT', 'NULL')
),
read as (
    select distinct
        object,
        id,
    from readback.records
),
final as (
    select
        sent.object,
        sent.key,
        sent.id,
        trim(regexp_extract(sent.fullkey, '^\$\.("[^"]+"|[^.\[]+)', 1), '"') as field,
        sent.value as sent,
        found.value as found,
        read.id is null as missing,
        coalesce(
            sent.value = found.value
            or (
                try_cast(sent.value as double) = try_cast(found.value as double)
                and sent.type <> 'VARCHAR'
            )
            or (
                try_cast(sent.value as timestamptz) = try_cast(found.value as timestamptz)
                and regexp_full_match(sent.value, '\d{{4}}-\d\d-\d\dT.*')
            )
            or (sent.value = '' and found.value is null)
            or (sent.value = '0' and found.value is null and suffix(sent.fullkey, '[]')),
            false
        ) as equal,
    from sent
    left join found using (object, id, fullkey)
    left join read using (object, id)
)
select * from final;

create or replace table readback.differences as
select distinct
    object,
    key,
    id,
    case when not missing then field end as field,
    case when not missing then sent end as sent,
    case when not missing then found end as found,
from readback.leaves
where not equal;

create or replace table readback.fields as
with by_record as (
    select
        object,
        id,
        field,
        bool_and(equal) as equal,
        bool_or(missing) as missing,
    from readback.leaves
    group by object, id, field
)
select
    object,
    field,
    count(*) filter (where equal and not missing) as equal,
    count(*) filter (where not equal and not missing) as differing,
    count(*) filter (where missing) as missing,
from by_record
group by object, field;

drop table readback.leaves;
"""


def ensure_tables(connection: duckdb.DuckDBPyConnection, *, anew: bool = False) -> None:
    """Make the tables of the schema `readback`, empty: those that are not there, or all ``anew``."""
    connection.execute("create schema if not exists readback")
    create = "create or replace table" if anew else "create table if not exists"
    for table, columns in _TABLES.items():
        connection.execute(f"{create} readback.{table} ({columns})")


def read_back(
    connection: duckdb.DuckDBPyConnection,
    destination: Destination,
    models: Sequence[StagingModel],
    *,
    progress: Callable[[str, int], None] = lambda object, records: None,
) -> None:
    """Read every record that the ledger says is in the CRM, and compare it with its row in the staging table.

    ``progress`` is told the object and how many of its records came. The ledger's mirror must be fresh.
    """
    ensure_tables(connection, anew=True)
    for model in models:
        if model.mode == "write":
            _note_what_was_sent(connection, model)
            _read(connection, destination, model.object, progress)
    connection.execute(_DIFFERENCES)


def _note_what_was_sent(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """The payloads of those rows whose records are in the CRM."""
    connection.execute(
        f"""
        insert into readback.sent
        with staged as (
            select
                {quoted(model.key)}::varchar as key,
                {payload_expression(connection, model)} as body,
            from {model.relation}
        )
        select
            records.object,
            records.key,
            records.id,
            staged.body,
        from staged
        join ledger.records as records on records.object = {literal(model.object)} and records.key = staged.key
        where records.id is not null
        """
    )


def _read(
    connection: duckdb.DuckDBPyConnection,
    destination: Destination,
    object: str,
    progress: Callable[[str, int], None],
) -> None:
    ids = [
        row[0]
        for row in connection.execute(
            "select distinct id from readback.sent where object = ? order by id", [object]
        ).fetchall()
    ]
    for start in range(0, len(ids), PAGE):
        records = list(destination.read(object, ids[start : start + PAGE]))
        connection.execute(
            "insert into readback.records select ?, unnest(?::varchar[]), unnest(?::varchar[])::json",
            [object, [record.id for record in records], [record.body for record in records]],
        )
        progress(object, len(records))
