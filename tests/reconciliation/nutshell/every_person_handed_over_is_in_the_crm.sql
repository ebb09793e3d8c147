-- Whom the handover folder names is in Nutshell.
select
    people.cliniko_patient_id,
    people.person_id,
    found.id is not null as _holds,
from {{ ref('handover__people') }} as people
inner join {{ source('readback', 'sent') }} as sent
    on sent.object = 'person' and people.cliniko_patient_id = sent.key
left join {{ source('readback', 'records') }} as found
    on found.object = 'person' and people.person_id = found.id
