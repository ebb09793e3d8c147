-- One row per practitioner: the member who takes over from them.
with members as (
    select
        lower(trim(email)) as email,
        min(id) as id,
    from {{ source('twenty', 'members') }}
    where email is not null
    group by lower(trim(email))
),

owners as {{ owners_among('members') }},

final as (
    select
        owners.id,
        {{ source_system_id('practitioners.practitioner_id') }} as sourceSystemId,
        practitioners.practitioner_id as _practitioner_id,
        practitioners.name as _name,
        practitioners.email as _email,
        owners.found_by as _found_by,
    from {{ ref('cliniko__practitioners') }} as practitioners
    left join owners using (practitioner_id)
)

select * from final
