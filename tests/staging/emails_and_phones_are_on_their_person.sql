-- Every address and number of a patient stands somewhere on the person: primary, additional, or as written.
with people as (
    select
        _patient_id as patient_id,
        list_concat([emails.primaryEmail], emails.additionalEmails) as emails,
        list_concat(
            [phones.primaryPhoneCallingCode || phones.primaryPhoneNumber],
            list_transform(phones.additionalPhones, lambda phone: phone.callingCode || phone.number)
        ) as phones,
        contactAsWritten as as_written,
    from {{ ref('twenty__person') }}
    -- Who is linked to somebody of the workspace is not written.
    where _linked_id is null
)

select
    contacts.patient_id,
    contacts.kind,
from {{ ref('cliniko__patient_contacts') }} as contacts
inner join people using (patient_id)
where
    not coalesce(list_contains(people.emails, contacts.value), false)
    and not coalesce(list_contains(people.phones, contacts.value), false)
    and not coalesce(contains(people.as_written, contacts.as_written), false)
