with final as (
    select
        value as label,
        value,
    from {{ ref('nutshell__choices') }}
    where field = 'Last Appointment Status' and not is_late
)

select * from final
