-- Appointment types that become no activity type: Nutshell would take its own default for them. Make the activity types
-- in Nutshell's settings (no API does), or name others in `activity_types`.
with visits as (
    select
        coalesce(appointment_type_id, 'treatment note') as appointment_type_id,
        count(*) as visits,
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null
    group by appointment_type_id
)

select
    types.name,
    coalesce(visits.visits, 0) as visits,
from {{ ref('nutshell__activity_types') }} as types
left join visits using (appointment_type_id)
where types.activity_type_id is null and (visits.visits > 0 or types.appointment_type_id = 'treatment note')
order by visits desc, types.name
