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
)

select
    meant.object,
    meant.key,
    meant.relation,
    meant.target,
from meant
left join {{ source('readback', 'records') }} as found using (object, id)
where
    (found.body ->> meant.relation) is distinct from meant.target
    or meant.target not in (select id from there)
