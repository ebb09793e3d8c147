-- Visits that were told of in another slot before, and had no id then. They are known by their patient and the minute
-- of their booking, and are updated where they were loaded.
{{ config(severity='warn') }}
select
    attendances.patient_id,
    attendances.starts_at,
    attendances.practitioner_name,
from {{ ref('cliniko__attendances') }} as attendances
semi join (
    select key
    from {{ ref('cliniko__visit_identities') }}
    where is_moved
) as moved on attendances.attendance_id = moved.key
where attendances.excluded_by is null
order by attendances.patient_id, attendances.starts_at
