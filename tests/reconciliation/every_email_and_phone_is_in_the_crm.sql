-- On its person, by the CRM's own answer: as primary, as an additional one, or as written.
with found as (
    select
        people._patient_id as patient_id,
        records.body,
    from {{ source('readback', 'records') }} as records
    inner join {{ ref('twenty__person') }} as people on records.id = people.id
    where records.object = 'person'
),

told as (
    select
        patient_id,
        lower((body -> 'emails')::varchar) as emails,
        (body -> 'phones')::varchar as phones,
        coalesce(body ->> 'contactAsWritten', '') as as_written,
    from found
)

select
    contacts.patient_id,
    contacts.kind,
    case
        when contacts.kind = 'email' then coalesce(contains(told.emails, '"' || contacts.value || '"'), false)
        else coalesce(contains(told.phones, '"' || contacts.phone.number || '"'), false)
    end
    or contains(told.as_written, contacts.as_written) as _holds,
from {{ ref('cliniko__patient_contacts') }} as contacts
inner join told using (patient_id)
