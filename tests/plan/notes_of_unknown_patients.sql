-- Notes of patients who are in no export: they stay behind. Export the patients of all time, not of a range.
select
    treatment_note_id,
    patient_id,
    _file as file,
    _row as row,
from {{ ref('cliniko__treatment_notes') }}
where excluded_by = 'unknown_patient' and patient_id not in (select patient_id from {{ former_patients() }})
