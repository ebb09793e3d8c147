select
    people._patient_id as patient_id,
    found.body ->> 'emailMarketing' as email_in_the_crm,
    found.body ->> 'smsMarketing' as sms_in_the_crm,
    not (
        ((found.body ->> 'emailMarketing') = 'true' and not patients.email_marketing)
        or ((found.body ->> 'smsMarketing') = 'true' and not patients.sms_marketing)
    ) as _holds,
from {{ source('readback', 'records') }} as found
inner join {{ ref('twenty__person') }} as people on found.id = people.id
inner join {{ ref('cliniko__patients') }} as patients on people._patient_id = patients.patient_id
where found.object = 'person'
