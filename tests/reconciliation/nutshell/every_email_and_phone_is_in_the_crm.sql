-- On its person, by the CRM's own answer: among their addresses and numbers, or as written.
with told as (
    select
        people._patient_id as patient_id,
        lower((records.body -> 'emails')::varchar) as emails,
        (records.body -> 'phones')::varchar as phones,
        coalesce(records.body ->> 'Contact as Written', '') as as_written,
    from {{ source('readback', 'records') }} as records
    inner join {{ source('readback', 'sent') }} as sent on records.object = sent.object and records.id = sent.id
    inner join {{ ref('nutshell__person') }} as people on sent.key = people._key
    where records.object = 'person'
)

select
    contacts.patient_id,
    contacts.kind,
    coalesce(contains(case contacts.kind when 'email' then told.emails else told.phones end, contacts.value), false)
    or contains(told.as_written, contacts.as_written) as _holds,
from {{ ref('cliniko__patient_contacts') }} as contacts
inner join told using (patient_id)
