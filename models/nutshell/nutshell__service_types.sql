with final as (
    select
        value as label,
        value,
    from {{ ref('nutshell__choices') }}
    where field = 'Primary Service Type' and not is_late
)

select * from final
