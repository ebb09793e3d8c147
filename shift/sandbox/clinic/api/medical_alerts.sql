select
    record_id(1, 30000000 + n, created) as id,
    null as archived_at,
    iso(created) as created_at,
    null as deleted_at,
    medical_alerts as name,
    id as patient_id,
    iso(created) as updated_at,
from patients
where medical_alerts is not null
order by n
