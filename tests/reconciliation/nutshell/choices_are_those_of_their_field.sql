-- What a field of choices says is one of its choices, as the account has them.
with fields as (
    select
        object,
        name,
        list_transform(from_json(options, '[{"value": "VARCHAR"}]'), lambda option: option.value) as choices,
    from {{ source('nutshell', 'fields') }}
    where type = 'Decision'
),

found as (
    select
        object,
        id,
        from_json(body, '"MAP(VARCHAR, VARCHAR)"') as body,
    from {{ source('readback', 'records') }}
    where object in (select object from fields)
)

select
    found.object,
    found.id,
    fields.name as field,
    found.body[fields.name] as value,
    list_contains(fields.choices, value) as _holds,
from found
inner join fields on found.object = fields.object
where value is not null
