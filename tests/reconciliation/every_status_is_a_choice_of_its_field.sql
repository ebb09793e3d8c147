{{ config(enabled=target.loader == 'twenty') }}
-- What a select field says is one of the choices that the workspace has for it.
with choices as (
    select
        object,
        name,
        (options ->> '$[*].value') as choices,
    from {{ source('twenty', 'fields') }}
    where options is not null
)

select
    found.object,
    sent.key,
    choices.name as field,
    found.body ->> choices.name as says,
    coalesce(list_contains(choices.choices, found.body ->> choices.name), false) as _holds,
from {{ source('readback', 'sent') }} as sent
inner join {{ source('readback', 'records') }} as found using (object, id)
inner join choices on sent.object = choices.object
where json_type(found.body -> choices.name) = 'VARCHAR'
