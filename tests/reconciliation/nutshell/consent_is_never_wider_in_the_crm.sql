select
    people._patient_id as patient_id,
    (patients.email_marketing or (found.body ->> 'Email Marketing') is distinct from 'Yes')
    and (patients.sms_marketing or (found.body ->> 'SMS Marketing') is distinct from 'Yes') as _holds,
from {{ source('readback', 'records') }} as found
inner join {{ source('readback', 'sent') }} as sent on found.object = sent.object and found.id = sent.id
inner join {{ ref('nutshell__person') }} as people on sent.key = people._key
inner join {{ ref('cliniko__patients') }} as patients on people._patient_id = patients.patient_id
where found.object = 'person'
