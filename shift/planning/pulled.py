"""What the pull alone tells of records: which of ours are gone, and which of others stand where ours should be.

    plan.lost      object, key of each record that the ledger says is in, and that the pull lacks or shows deleted
    plan.foreign   object, id, deleted of the records that were there before anything of ours was

A table of the pull that is named as an object's plural holds all records of that object. What was written since the
pull is not judged by it. Of objects that no such table tells (visits, notes), a record that somebody deleted counts as
it was written, until a load comes to change it, or a `diff` reads it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shift.database import quoted

if TYPE_CHECKING:
    import duckdb

_BEGIN = """
create schema if not exists plan;
create or replace table plan.lost (object varchar, key varchar);
create or replace table plan.foreign as
select distinct
    object,
    id,
    deleted,
from destination.records
"""

_LOST = """
insert into plan.lost
select
    records.object,
    records.key,
from ledger.records as records
cross join destination._pulled as pulled
anti join (
    select id
    from destination.{table}
    where not coalesce(deleted::boolean, false)
) as live on records.id = live.id
where records.object = ? and records.id is not null and records.noted_at < pulled.pulled_at
"""

# Tables of all records of an object, live and deleted.
_WHOLE = """
select
    objects.name,
    objects.plural,
from destination.objects as objects
join duckdb_columns() as columns on columns.table_name = objects.plural
where columns.schema_name = 'destination'
    and columns.database_name = current_database()
    and columns.column_name in ('id', 'deleted')
group by all
having count(*) = 2
"""


def find(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the tables. Only what was pulled for this plan, or before, counts; without a pull both are empty."""
    connection.execute(_BEGIN)
    if (
        "plural" not in connection.table("destination.objects").columns
        or not connection.execute(
            "from duckdb_tables() where schema_name = 'destination' and table_name = '_pulled'"
        ).fetchone()
    ):
        return
    for object, table in connection.execute(_WHOLE).fetchall():
        connection.execute(_LOST.format(table=quoted(table)), [object])
