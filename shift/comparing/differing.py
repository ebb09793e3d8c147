"""What was meant against what was read, value by value: the rules, and the SQL that counts by them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shift.database import literal
from shift.ledger import Ledger
from shift.loading import lives

if TYPE_CHECKING:
    import duckdb

_KEYS_A_LOOK = 1_000  # with all that was ever written of each

# What a CRM is known to write otherwise without changing it. The first rule that holds is the one that is named.
_DIGITS = r"ltrim(regexp_replace({0}, '\D', '', 'g'), '0')"
_ADDRESS = "lower(regexp_extract({0}, '^https?://[^/]*')) || rtrim(regexp_replace({0}, '^https?://[^/]*', ''), '/')"
_LINES = "trim(replace({0}, chr(13) || chr(10), chr(10)), ' ' || chr(9) || chr(10))"
RULES = {
    "number": "type <> 'VARCHAR' and try_cast(sent as decimal(38, 9)) = try_cast(found as decimal(38, 9))",
    "instant": r"regexp_full_match(sent, '\d{4}-\d\d-\d\dT.*') and try_cast(sent as timestamptz) = "
    "try_cast(found as timestamptz)",
    "date": r"regexp_full_match(sent, '\d{4}-\d\d-\d\d') and regexp_full_match(found, sent || "
    r"'[T ]00:00(:00(\.0+)?)?(Z|\+00(:?00)?)?')",
    "case_of_email": r"regexp_full_match(sent, '[^@\s]+@[^@\s]+') and lower(sent) = lower(found)",
    "form_of_phone": r"regexp_matches(lower(path), 'phone|mobile|fax') and regexp_full_match(sent, '[-+0-9 ().]{6,}') "
    rf"and {_DIGITS.format('sent')} = {_DIGITS.format('found')}",
    "form_of_address": rf"regexp_matches(sent, '^https?://') and {_ADDRESS.format('sent')} = "
    rf"{_ADDRESS.format('found')}",
    "line_ends": f"{_LINES.format('sent')} = {_LINES.format('found')}",
    "empty": "found is null and (sent = '' or (sent = '0' and suffix(path, '[]')))",
}

# A leaf is a value that holds no others, or the length of a list, at `[]`; `fullkey` is its path, alike on both sides.
_LEAF = """
        case when leaf.type = 'ARRAY' then leaf.fullkey || '[]' else leaf.fullkey end as fullkey,
        case when leaf.type = 'ARRAY' then json_array_length(leaf.value)::varchar else leaf.atom->>'$' end as value,"""

_LEAVES = rf"""
create or replace table readback.leaves as
with sent as (
    select
        sent.object,
        sent.key,
        sent.id,
        leaf.type,
{_LEAF}
    from readback.sent as sent, json_tree(sent.body) as leaf
    where
        leaf.type not in ('OBJECT', 'NULL')
        and (not starts_with(coalesce(leaf.key, ''), '$') or leaf.key in ('$ref', '$file'))
),

-- A reference stands for an id that the CRM gave, and a file for what it was called once it was uploaded.
resolved as (
    select
        sent.* replace (
            regexp_replace(sent.fullkey, '\."\$(ref|file)"$', '') as fullkey,
            case
                when suffix(sent.fullkey, '."$ref"') then coalesce(referred.id, found_there.id)
                when suffix(sent.fullkey, '."$file"') then uploaded.id
                else sent.value
            end as value
        ),
    from sent
    left join ledger.records as referred
        on suffix(sent.fullkey, '."$ref"') and sent.value = referred.object || ':' || referred.key
    left join plan.rows as found_there
        on suffix(sent.fullkey, '."$ref"') and sent.value = found_there.object || ':' || found_there.key
        and found_there.action in ('matched', 'linked')
    left join (
        select
            intents.object,
            intents.key,
            max_by(outcomes.id, intents.intent) as id,
        from ledger.intents as intents
        inner join ledger.outcomes as outcomes using (intent)
        where outcomes.status = 'uploaded'
        group by intents.object, intents.key
    ) as uploaded
        on suffix(sent.fullkey, '."$file"') and sent.object = uploaded.object and sent.key = uploaded.key
),

found as (
    select
        records.object,
        records.id,
{_LEAF}
    from readback.records as records, json_tree(records.body) as leaf
    where leaf.type not in ('OBJECT', 'NULL')
),

there as (
    select distinct
        object,
        id,
    from readback.records
),

compared as (
    select
        resolved.object,
        resolved.key,
        resolved.id,
        resolved.type,
        resolved.fullkey as path,
        trim(regexp_extract(resolved.fullkey, '^\$\.("[^"]+"|[^.\[]+)', 1), '"') as field,
        resolved.value as sent,
        found.value as found,
        there.id is null as missing,
    from resolved
    left join found using (object, id, fullkey)
    left join there using (object, id)
)

select
    *,
    false as seen,
    null::varchar as left_by_us,
    null::varchar as shown,
    case
        when missing then null
        when sent = found then 'as_sent'
        {" ".join(f"when {condition} then {literal(rule)}" for rule, condition in RULES.items())}
    end as rule,
from compared;
"""

# What our writes alone would have left, and what the CRM showed after the last of them: where these two differ,
# somebody had edited the field by then. Of few records only, since snapshots are large: those that differ.
_AT_PATH = """case
        when suffix(leaves.path, '[]') then json_array_length({0}, left(leaves.path, -2))::varchar
        else {0} ->> leaves.path
    end"""
_SHOWN = f"""
update readback.leaves as leaves
set
    seen = true,
    left_by_us = {_AT_PATH.format("records.left_by_us")},
    shown = {_AT_PATH.format("records.shown")}
from (
    select
        unnest(?::varchar[]) as key,
        unnest(?::varchar[])::json as left_by_us,
        unnest(?::varchar[])::json as shown,
) as records
where leaves.object = ? and leaves.key = records.key and leaves.rule is null and not leaves.missing
"""

# Only of rows that were sent: what an older row left there was nobody's decision. Nor is what the CRM made of a write.
_THEIRS = """
update readback.leaves as leaves
set rule = 'theirs'
from readback.sent as sent
inner join ledger.records as records using (object, key)
where leaves.object = sent.object and leaves.key = sent.key and records.hash = sent.hash
    and leaves.seen and leaves.found is not distinct from leaves.shown
    and leaves.shown is distinct from leaves.left_by_us
"""

_RESULTS = f"""
create or replace table readback.edited as
with ours as (
    select
        object,
        key,
        path,
        type,
        sent,
        left_by_us as found,
        shown is distinct from left_by_us as edited_before,
    from readback.leaves
    where rule is null and seen and leaves.left_by_us is distinct from leaves.found
)
select
    object,
    key,
    path,
from ours
where edited_before or sent = found {" ".join(f"or ({condition})" for condition in RULES.values())};

create or replace table readback.differences as
select distinct
    leaves.object,
    leaves.key,
    leaves.id,
    case when not missing then field end as field,
    case when not missing then sent end as sent,
    case when not missing then found end as found,
    case
        when records.status = 'conflict' then 'conflict'
        when records.hash <> sent.hash then 'not_sent'
        when edited.path is not null then 'edited'
    end as because,
from readback.leaves as leaves
inner join readback.sent as sent using (object, key)
inner join ledger.records as records using (object, key)
left join readback.edited as edited using (object, key, path)
where rule is null;

create or replace table readback.fields as
with by_record as (
    select
        object,
        id,
        field,
        bool_and(rule is not null) as equal,
        bool_and(found is null) as missing,
    from readback.leaves
    group by object, id, field
)
select
    object,
    field,
    count(*) filter (where equal) as equal,
    count(*) filter (where not equal and not missing) as differing,
    count(*) filter (where not equal and missing) as missing,
from by_record
group by object, field;

create or replace table readback.rules as
select
    * exclude (example),
    example.sent,
    example.found,
from (
    select
        object,
        field,
        rule,
        count(distinct id) as records,
        min(key) as key,
        arg_min({{'sent': sent, 'found': found}}, key) as example,
    from readback.leaves
    where rule <> 'as_sent'
    group by object, field, rule
);

drop table readback.edited;
drop table readback.leaves;
"""


def compare(connection: duckdb.DuckDBPyConnection, ledger: Ledger | None, *, theirs: bool) -> None:
    """Fill `differences`, `fields` and `rules` from `sent` and `records`.

    With ``theirs``, what somebody else wrote goes before our rows: what somebody had written by the time of our last
    write, and still stands, was theirs to decide.
    """
    connection.execute(_LEAVES)
    if ledger is not None:
        _note_shown(connection, ledger)
    if theirs:
        connection.execute(_THEIRS)
    connection.execute(_RESULTS)


def _note_shown(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> None:
    differing = connection.execute(
        "select object, list(distinct key) from readback.leaves where rule is null and not missing group by object"
    ).fetchall()
    for object, keys in differing:
        for start in range(0, len(keys), _KEYS_A_LOOK):
            some = keys[start : start + _KEYS_A_LOOK]
            left_by_us, shown = lives.bases(ledger, object, some), ledger.last_snapshots(object, some)
            bodies = [json.dumps(record) for record in left_by_us.values()]
            connection.execute(_SHOWN, [list(left_by_us), bodies, [shown[key] for key in left_by_us], object])
