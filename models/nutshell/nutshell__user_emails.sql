-- One row per address of a user who may sign in.
with addresses as (
    select
        id,
        name,
        unnest(from_json(coalesce(emails, '[]'), '["VARCHAR"]')) as email,
    from {{ source('nutshell', 'users') }}
    where enabled
),

final as (
    select
        lower(trim(email)) as email,
        min(id) as id,
        arg_min(name, id) as name,
    from addresses
    where trim(email) != ''
    group by lower(trim(email))
)

select * from final
