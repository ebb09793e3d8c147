-- Every visit, and whether it goes: those to come stay behind under `future: hold`.
with final as (
    select
        attendances.* exclude (excluded_by),
        attendances.starts_at > as_of.as_of as is_to_come,
        {% if var('future') == 'hold' -%}
        coalesce(attendances.excluded_by, case when is_to_come then 'future' end) as excluded_by,
        {% else -%}
        attendances.excluded_by,
        {% endif -%}
    from {{ ref('cliniko__attendances') }} as attendances
    cross join {{ ref('cliniko__as_of') }} as as_of
)

select * from final
