select
    id as "ID",
    patient_id as "Patient ID",
    patient_id || '/' || filename as "File",
    filename as "Filename",
    content_type as "Content Type",
    size as "Size",
    case when n % 2 = 0 then 'Brought by the patient, "original"' end as "Description",
    stamp(created) as "Created At",
from attachments
order by n
