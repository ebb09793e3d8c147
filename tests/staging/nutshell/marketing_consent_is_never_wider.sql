-- Nobody may be written to who did not agree in Cliniko.
select people._patient_id as patient_id
from {{ ref('nutshell__person') }} as people
inner join {{ ref('cliniko__patients') }} as patients on people._patient_id = patients.patient_id
where
    (people."Email Marketing" = 'Yes' and not patients.email_marketing)
    or (people."SMS Marketing" = 'Yes' and not patients.sms_marketing)
