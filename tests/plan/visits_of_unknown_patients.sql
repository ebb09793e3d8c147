-- Appointments of patients who are in no export: they stay behind. Export the patients of all time, not of a range.
select
    attendance_id,
    patient_id,
    _file as file,
    _row as row,
from {{ ref('cliniko__attendances') }}
where excluded_by = 'unknown_patient' and patient_id not in (select patient_id from {{ former_patients() }})
