-- Every address and number of a patient stands somewhere on the person: as one of theirs, or as written.
with people as (
    select
        _patient_id as patient_id,
        list_transform(list_concat(emails, phones), lambda entry: entry.value) as reached_by,
        "Contact as Written" as as_written,
    from {{ ref('nutshell__person') }}
)

select
    contacts.patient_id,
    contacts.kind,
from {{ ref('cliniko__patient_contacts') }} as contacts
inner join people using (patient_id)
where
    not coalesce(list_contains(people.reached_by, contacts.value), false)
    and not coalesce(contains(people.as_written, contacts.as_written), false)
