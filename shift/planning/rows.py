"""Each row of a staging table, judged: the table ``plan.rows``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shift import payloads
from shift.database import literal, quoted
from shift.errors import ModelError
from shift.planning.values import Choices
from shift.staging import Parent, StagingModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

FOREIGN_RECORDS = "foreign_records"

# Why a row is blocked: some of these are findings too.
FOREIGN, GONE, RENAMED = "made by somebody else", "deleted in the CRM by somebody", "loaded before under another id"

_TABLE = """
create schema if not exists plan;
create or replace table plan.rows (
    model varchar,
    object varchar,
    key varchar,
    id varchar,
    hash varchar,
    bytes bigint,
    there boolean,
    action varchar,
    reason varchar,
    payload varchar
)
"""


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table, empty."""
    connection.execute(_TABLE)


def ensure_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table where there is none, so that what reads it builds before the first plan."""
    if not connection.execute("from duckdb_tables() where schema_name = 'plan' and table_name = 'rows'").fetchone():
        begin(connection)


def judge(connection: duckdb.DuckDBPyConnection, model: StagingModel, choices: Choices) -> None:
    """Give each row of the model its action. Models come in load order: a row goes where its parents are in.

    Raises ModelError for a table that cannot be sent.
    """
    payloads.check(connection, model)
    connection.execute(_rows_of(connection, model, choices))
    _fill_in_whole_rows(connection, model)


def close(connection: duckdb.DuckDBPyConnection, staging: Sequence[StagingModel]) -> None:
    """What only all models together tell. Raises ModelError where a record comes from two of them."""
    twice = connection.execute(
        "select object, key, min(model), max(model) from plan.rows group by object, key having count(*) > 1 "
        "order by object, key limit 1"
    ).fetchone()
    if twice:
        object, key, one, other = twice
        raise ModelError(f"the {object} '{key}' comes from {one} and from {other}", where=other)
    for model in staging:
        for parent in model.parents:
            if parent.column in model.deferred:
                _hold_back_deferred(connection, model, parent)


def _rows_of(connection: duckdb.DuckDBPyConnection, model: StagingModel, choices: Choices) -> str:
    parents = [parent for parent in model.parents if parent.column not in model.deferred]
    columns = "".join(f",\n        {quoted(one.column)}::varchar as parent_{at}" for at, one in enumerate(parents))
    joins = "".join(
        f"\nleft join ({_records_in(one)}) as row_{at} on row_{at}.name = staged.parent_{at}"
        for at, one in enumerate(parents)
    )
    missing = "".join(
        f"\n            when parent_{at} is not null and row_{at}.name is null then {literal(_not_in(one))}"
        for at, one in enumerate(parents)
    )
    held = f"case{missing} end" if missing else "null"
    payload = payloads.payload_expression(connection, model)
    sent = payloads.payload_expression(connection, model, without=model.deferred) if model.deferred else "null"
    sampled = f"where {quoted(model.key)}::varchar in (select key from sample.rows where model = {literal(model.name)})"
    return f"""
insert into plan.rows
with payloads as (
    select
        {quoted(model.key)}::varchar as key,
        {payloads.id_expression(model)} as id,
        {_at_home(model, "_linked_id")} as linked_id,
        {_at_home(model, "_found_by")} as found_by,
        {payload} as payload,
        md5({sent}) as sent_hash{columns}
    from {model.relation}
    {sampled if choices.sample is not None and model.mode == "write" else ""}
),
staged as (
    select *, md5(payload) as hash from payloads
),
judged as (
    select
        staged.*,
        {_id(model)} as record_id,
        {"staged.id is not null" if model.mode == "match" else "records.id is not null and lost.key is null"} as there,
        {_matched(model) if model.mode == "match" else _written(choices)} as judgement,
        {held} as held
    from staged
    left join ledger.records as records on records.object = {literal(model.object)} and records.key = staged.key
    left join plan.lost as lost on lost.object = {literal(model.object)} and lost.key = staged.key
    left join plan.foreign as others on others.object = {literal(model.object)} and others.id = staged.id
        and not exists (
            select 1 from ledger.intents as intents
            where intents.object = {literal(model.object)} and intents.key = staged.key
        ){joins}
)
select
    {literal(model.name)},
    {literal(model.object)},
    key,
    record_id,
    hash,
    strlen(payload),
    there or judgement = 'linked',
    case when judgement in ('create', 'update') and held is not null then 'held_back'
        when judgement in ('create', 'update', 'unchanged', 'matched', 'linked', 'adopt') then judgement
        else 'blocked'
    end as action,
    case when judgement in ('create', 'update') then held
        when judgement not in ('unchanged', 'matched', 'linked', 'adopt') then judgement
    end as reason,
    case when action = 'create' then payload end as payload
from judged
"""


def _records_in(parent: Parent) -> str:
    """The names of the records that a row may point to: there already, or on their way in by this load."""
    name = "id" if parent.field == "id" else "key"
    return f"""
    select {name} as name from plan.rows
    where object = {literal(parent.object)} and {name} is not null and (there or action in ('create', 'adopt'))
    union
    select records.{name} as name from ledger.records as records
    anti join (
        select key from plan.rows where object = {literal(parent.object)}
        union all
        select key from plan.gone where object = {literal(parent.object)} and action = 'delete'
        union all
        select key from plan.lost where object = {literal(parent.object)}
    ) as judged using (key)
    where records.object = {literal(parent.object)} and records.id is not null
    """


def _id(model: StagingModel) -> str:
    """A written record keeps the id that it got; who is matched may become somebody else."""
    return "staged.id" if model.mode == "match" else "coalesce(records.id, staged.linked_id, staged.id)"


def _at_home(model: StagingModel, column: str) -> str:
    return f"{quoted(column)}::varchar" if column in model.at_home else "null::varchar"


def _matched(model: StagingModel) -> str:
    """SQL: the action for a row that is looked up. Several rows may match one record; the first is written to it."""
    if not model.when_matched:
        return "case when staged.id is not null then 'matched' else 'nothing in the CRM matches it' end"
    return """case
            when staged.id is null then 'nothing in the CRM matches it'
            when staged.found_by = 'fallback' then 'matched'
            when staged.key <> min(staged.key) filter (where staged.found_by is distinct from 'fallback')
                over (partition by staged.id) then 'matched'
            when records.id = staged.id and records.hash = staged.hash then 'matched'
            when records.status = 'rejected' and records.seen_hash = staged.hash then 'matched'
            else 'update'
        end"""


def _written(choices: Choices) -> str:
    """SQL: the action for a row that is written, or the words that say why it is blocked."""
    foreign = "adopt" if choices.accept(FOREIGN_RECORDS) else FOREIGN
    rejected = (
        "false"
        if choices.retry_rejected
        else "records.status = 'rejected' and records.seen_hash in (staged.hash, staged.sent_hash)"
    )
    return f"""case
            when staged.linked_id = coalesce(records.id, staged.linked_id) then 'linked'
            when records.status = 'gone' or lost.key is not null or (records.key is null and others.deleted)
                then {literal(GONE)}
            when records.status = 'foreign' or (records.key is null and others.id is not null) then {literal(foreign)}
            when records.key is null then 'create'
            when {rejected} then 'refused before: ' || records.message
            when records.id is null then 'create'
            when coalesce(staged.linked_id, staged.id) <> records.id then {literal(RENAMED)}
            when records.hash = staged.hash then 'unchanged'
            else 'update'
        end"""


def _fill_in_whole_rows(connection: duckdb.DuckDBPyConnection, model: StagingModel) -> None:
    """Few rows change, so whole rows are made for those alone."""
    key = f"{quoted(model.key)}::varchar"
    row = payloads.whole_row_expression(connection, model)
    brought_up = "plan.rows where model = ? and action in ('update', 'adopt')"
    if connection.execute(f"select 1 from {brought_up} limit 1", [model.name]).fetchone():
        connection.execute(
            f"update plan.rows set payload = staged.payload, bytes = strlen(staged.payload) from ("
            f"select {key} as key, {row} as payload from {model.relation} where {key} in (select key from {brought_up})"
            f") as staged where rows.model = ? and rows.key = staged.key and rows.action in ('update', 'adopt')",
            [model.name, model.name],
        )


def _hold_back_deferred(connection: duckdb.DuckDBPyConnection, model: StagingModel, parent: Parent) -> None:
    """What only closes a circle waits for its parent too, once all rows are judged: a create goes without it."""
    waiting = (
        f"select {quoted(model.key)}::varchar from {model.relation} as staged "
        f"where staged.{quoted(parent.column)}::varchar not in (select name from ({_records_in(parent)}))"
    )
    connection.execute(
        f"update plan.rows set action = 'held_back', reason = {literal(_not_in(parent))}, payload = null "
        f"where model = ? and action = 'update' and key in ({waiting})",
        [model.name],
    )


def _not_in(parent: Parent) -> str:
    return f"its {parent.object} is not in"
