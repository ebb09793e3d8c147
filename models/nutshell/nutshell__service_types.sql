with services as (
    select
        value as label,
        value,
    from {{ ref('nutshell__choices') }}
    where field = 'Primary Service Type' and not is_late
),

final as (
    select * from services

    union all

    -- No field of choices is made without one.
    select
        'None' as label,
        'None' as value,
    where not exists (select 1 from services)
)

select * from final
