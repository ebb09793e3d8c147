"""Records that are not in the CRM, or not as they were meant to be: what `rejects` lists, and why a load exits with 3.

Reads the ledger's mirror. By the ledger's last word on a record: *rejected* (refused, in the CRM's words), *conflict*
(somebody edited it, and these fields), *gone* (deleted by somebody), *foreign* (not made by this ledger); *held back*
by the last load; *kept* (a deletion or a rollback left it alone, and says why).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shift.planning import FOREIGN, GONE

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Standing:
    """One record, what stands with it, and why."""

    object: str
    key: str
    status: str
    message: str


def standing(connection: duckdb.DuckDBPyConnection) -> list[Standing]:
    """All such records, object by object."""
    return [Standing(*row) for row in connection.execute(f"{_STANDING} order by 1, 3 desc, 2").fetchall()]


def seen_by_plan(connection: duckdb.DuckDBPyConnection) -> list[Standing]:
    """What the last plan saw in the CRM before the ledger had a word on it: gone or foreign.

    ``connection`` is to the project's DuckDB file; without a plan in it there is none.
    """
    import duckdb

    try:
        rows = connection.execute(
            "select object, key, if(reason = $gone, 'gone', 'foreign'), reason from plan.rows "
            "where action = 'blocked' and reason in ($gone, $foreign) order by 1, 3 desc, 2",
            {"gone": GONE, "foreign": FOREIGN},
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return [Standing(*row) for row in rows]


def count_planned(connection: duckdb.DuckDBPyConnection) -> int:
    """How many of those that the last plan speaks of stand so. What was kept on purpose is not counted."""
    [(count,)] = connection.execute(
        f"select count(*) from ({_STANDING}) where status <> 'kept' and (object, key) in "
        "(select (object, key) from plan.rows where action <> 'unchanged')"
    ).fetchall()
    return int(count) + len(seen_by_plan(connection))


_STANDING = """
with held as (
    select distinct
        object,
        key,
        'held back' as status,
        reason as message,
    from ledger.held_back
    where run = (select max(run) from ledger.runs where starts_with(command, 'load'))
),

last_words as (
    select
        intents.object,
        intents.key,
        arg_max(outcomes.status, intents.intent) as status,
        arg_max(outcomes.message, intents.intent) as message,
    from ledger.intents as intents
    join ledger.outcomes as outcomes using (intent)
    where outcomes.status not in ('refused', 'absent', 'uploaded')
    group by intents.object, intents.key
),

kept as (
    select
        object,
        key,
        status,
        message,
    from last_words
    where status = 'kept'
),

settled as (
    select
        object,
        key,
        status,
        case status
            when 'gone' then coalesce(message, 'somebody deleted it in the CRM')
            when 'foreign' then coalesce(message, 'it is in the CRM already, and this ledger did not make it')
            else message
        end as message,
    from ledger.records
    anti join kept using (object, key)
    where status in ('rejected', 'conflict', 'gone', 'foreign')
),

final as (
    select * from settled
    union all
    select * from kept
    union all
    select * from held
    anti join settled using (object, key)
)

select * from final
"""
