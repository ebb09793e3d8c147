-- One row per practitioner: the user who takes over from them.
with final as (
    select
        matched.id,
        {{ source_system_id('practitioners.practitioner_id') }} as _key,
        practitioners.practitioner_id as _practitioner_id,
        practitioners.name as _name,
        practitioners.email as _email,
        matched.found_by as _found_by,
    from {{ ref('cliniko__practitioners') }} as practitioners
    left join {{ owners_among(ref('nutshell__user_emails')) }} as matched using (practitioner_id)
)

select * from final
