-- Visits that came without an id they could be known by, of patients of whom another visit is told of no more. Each is
-- new, or is that other one, moved: nobody can say which. Export the appointments again, for any time, beside the older
-- files or by the API. To load them as new visits, accept this.
select
    attendances.patient_id,
    attendances.starts_at,
    attendances.practitioner_name,
    attendances._file as file,
    attendances._row as row,
from {{ ref('cliniko__attendances') }} as attendances
semi join (
    select key
    from {{ ref('cliniko__visit_identities') }}
    where is_unsure
) as unsure on attendances.attendance_id = unsure.key
where attendances.excluded_by is null
order by attendances.patient_id, attendances.starts_at
