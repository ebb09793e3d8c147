select
    id,
    null as archived_at,
    content_type,
    iso(created) as created_at,
    case when n % 2 = 0 then 'Brought by the patient, "original"' end as description,
    filename,
    patient_id,
    null as pinned_at,
    iso(created) as processed_at,
    true as processing_completed,
    size,
    iso(created) as updated_at,
    null as user_id,
from attachments
order by n
