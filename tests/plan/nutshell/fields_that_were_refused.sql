-- Custom fields that Nutshell refused to make when a load last tried: perhaps its plan has no more of them. A load
-- would stop there again, before its first record. Choose a larger plan, remove fields that nobody needs in Nutshell's
-- settings, or make these by hand. Where this is accepted, the load tries again.
with last_words as (
    select
        object,
        field,
        arg_max(event, noted_at) as event,
    from {{ source('ledger', 'schema_changes') }}
    where event in ('made', 'refused', 'removed')
    group by object, field
)

select
    fields.object,
    fields.name as field,
from {{ fields_to_come() }} as fields
inner join last_words on fields.object = last_words.object and fields.name = last_words.field
where fields.is_new and last_words.event = 'refused'
order by fields.object, fields.name
