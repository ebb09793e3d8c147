-- Where a record was meant to point to another, it points to that one in the CRM, and that one is there.
with meant as (
    select
        sent.object,
        sent.key,
        sent.id,
        field.key as relation,
        field.value ->> '$' as target,
    from {{ source('readback', 'sent') }} as sent, json_each(sent.body) as field
    where
        ends_with(field.key, 'Id')
        and regexp_full_match(field.value ->> '$', '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
),

there as (
    select id from {{ source('readback', 'records') }}
    union all
    select id from {{ source('twenty', 'members') }}
    union all
    select _linked_id as id from {{ ref('twenty__person') }}
    union all
    select _linked_id as id from {{ ref('twenty__company') }}
)

select
    meant.object,
    meant.key,
    meant.relation,
    meant.target,
    coalesce(found.body ->> meant.relation = meant.target, false)
    and meant.target in (select id from there where id is not null) as _holds,
from meant
left join {{ source('readback', 'records') }} as found using (object, id)
