-- No API makes activity types, so each is looked for by name: the one in `activity_types`, else its own.
with visits as (
    select
        appointment_type_id,
        count(*) as visits,
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null
    group by appointment_type_id
),

final as (
    select
        types.name,
        coalesce(visits.visits, 0) as visits,
        types.activity_type,
        -- YAML reads the texts of JSON.
        case
            when not types.is_listed
                then '      ' || to_json(types.name) || ': ' || to_json(coalesce(types.activity_type, types.name))
        end as _entry,
    from {{ ref('nutshell__activity_types') }} as types
    left join visits using (appointment_type_id)
    order by visits desc, types.name
)

select * from final
