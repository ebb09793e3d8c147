"""Records that the source has no more: which of those in our care they are, and what `on_missing` makes of them.

A model of the project says which are gone (`<destination>__gone`), and of which that is not certain. What was there
before us, and was only taken into our care, is never deleted. The table ``plan.gone``: object, key, id, kept_because,
action (delete, flagged; null: it stays as it is).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shift.database import quoted
from shift.findings import Finding
from shift.planning.values import OnMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from shift.staging import StagingModel

FINDING_NAMES = frozenset(("gone_from_source", "many_gone_from_source", "not_certainly_gone", "left_out_now"))
_EXAMPLES = 5
# A file that was cut short looks like a clinic that shrank.
_FEW = 10
_MOST_IN_A_HUNDRED = 10

_FIND = """
create or replace table plan.gone as
with adopted as (
    select distinct
        object,
        key,
    from ledger.intents
    where operation = 'adopt'
),

final as (
    select
        records.object,
        records.key,
        records.id,
        gone.kept_because,
        case
            when gone.kept_because is not null or $on_missing = 'keep' then null
            when $on_missing = 'flag' or adopted.key is not null then 'flagged'
            else 'delete'
        end as action,
    from {gone} as gone
    join ledger.records as records on gone.object = records.object and gone.key = records.key
    left join adopted on records.object = adopted.object and records.key = adopted.key
    where records.id is not null and records.object in (select unnest($objects::varchar[]))
)

select * from final
"""

_NONE = "(select null::varchar as object, null::varchar as key, null::varchar as kept_because where false)"

_TAKE_IN = """
insert into plan.rows
select
    models.model,
    gone.object,
    gone.key,
    gone.id,
    '',
    0,
    gone.action = 'flagged',
    gone.action,
    case when gone.action = 'flagged' then 'the source has it no more' end,
    null,
from plan.gone as gone
join (select unnest($models::varchar[]) as model, unnest($objects::varchar[]) as object) as models using (object)
where gone.action is not null
"""


def find(
    connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel], gone: str | None, on_missing: OnMissing
) -> None:
    """Fill ``plan.gone`` from the project's table ``gone``, before any row is judged. Staged rows are never gone."""
    written = _written(staging)
    values = {"on_missing": on_missing, "objects": list(written)}
    connection.execute(_FIND.format(gone=gone or _NONE), values)
    for model in staging:
        if model.mode == "write":
            staged = f"select {quoted(model.key)}::varchar from {model.relation}"
            connection.execute(f"delete from plan.gone where object = ? and key in ({staged})", [model.object])


def take_in(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel]) -> None:
    """Add what is deleted or flagged to ``plan.rows``, after all staged rows."""
    written = _written(staging)
    connection.execute(_TAKE_IN, {"models": list(written.values()), "objects": list(written)})


def findings(connection: duckdb.DuckDBPyConnection, *, sampled: bool) -> list[Finding]:
    """What a person should know of records that are gone, or left out; of a sample, nothing is known of the others."""
    found = []
    for action, message in (
        (None, "they stay in the CRM as they are"),
        ("flagged", "they stay in the CRM, and are listed"),
        ("delete", "they will be deleted, unless others point to them"),
    ):
        count, examples = connection.execute(
            f"select count(*), min(object || ' ' || key, {_EXAMPLES}) from plan.gone "
            "where kept_because is null and action is not distinct from ?",
            [action],
        ).fetchall()[0]
        if count:
            text = f"{count:,} records of ours stand in no export any more: {message}"
            found.append(Finding("gone_from_source", text, tuple(examples), blocking=False))
    reasons = connection.execute(
        "select kept_because, count(*) from plan.gone where kept_because is not null group by all order by all"
    ).fetchall()
    if reasons:
        total = sum(count for _, count in reasons)
        message = f"{total:,} records of ours are in no export, which does not prove that they are gone; they stay"
        examples = tuple(f"{count:,} because {reason}" for reason, count in reasons)
        found.append(Finding("not_certainly_gone", message, examples, blocking=False))
    return found + ([] if sampled else _left_out(connection)) + _many(connection)


def _left_out(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """What was written before, and no model makes any more, though the source did not lose it."""
    rows = connection.execute(
        "select object, count(*) from ledger.records as records anti join plan.rows using (object, key) "
        "anti join plan.gone using (object, key) where records.id is not null group by object order by object"
    ).fetchall()
    if not rows:
        return []
    total = sum(count for _, count in rows)
    message = (
        f"records of ours that no model makes any more: {total:,}; is it a setting? They stay in the CRM as they are"
    )
    return [Finding("left_out_now", message, tuple(f"{count:,} {object}" for object, count in rows), blocking=False)]


def _many(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Deletions on a scale at which an export is more likely to be cut short than a clinic to have shrunk."""
    rows = connection.execute(
        "select object, going, records from (select object, count(*) as going from plan.gone where action = 'delete' "
        "group by object) join (select object, count(*) as records from ledger.records where id is not null "
        "group by object) using (object) where going > ? and going * 100 > records * ? order by object",
        [_FEW, _MOST_IN_A_HUNDRED],
    ).fetchall()
    if not rows:
        return []
    examples = tuple(f"{going:,} of {records:,} {object}" for object, going, records in rows)
    message = "more records are gone than a clinic loses between two exports; is an export cut short?"
    return [Finding("many_gone_from_source", message, examples)]


def _written(staging: Sequence[StagingModel]) -> dict[str, str]:
    """The first model of each object that is written."""
    written: dict[str, str] = {}
    for model in staging:
        if model.mode == "write":
            written.setdefault(model.object, model.name)
    return written
