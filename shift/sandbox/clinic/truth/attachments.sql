select
    id as attachment_id,
    patient_id,
    patient_id || '/' || filename as file,
    size,
from attachments
order by n
