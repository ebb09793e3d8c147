-- An extract of two weeks before, by the date of entry: who was changed since stands here as they were then. Its ids
-- have no formula guard, and it has none of the custom fields.
with changed as (
    select "Patient ID", strptime("Updated At", '%Y-%m-%d %H:%M:%S %z') >= timestamptz '2026-07-15 08:00:00+10' as since
    from patient_records
)

select
    record.* exclude ("Health Fund", "Member Number", "Consent Form Signed", "Shoe Size")
    replace (
        case when since then record."Created At" else record."Updated At" end as "Updated At",
        case when since then 'Student, once' else record."Occupation" end as "Occupation",
        case when since then true else record."Accepts email marketing" end as "Accepts email marketing",
        case when since then false else record."Unsubscribed SMS marketing" end as "Unsubscribed SMS marketing",
        case when since then '0491 570 156' else record."PhoneMobile" end as "PhoneMobile",
        case when since then '0491 570 156' else record."Mobile Phones" end as "Mobile Phones"
    ),
from patient_records as record
inner join changed using ("Patient ID")
where record."Created At" between '2026-01-01' and '2026-07-15'
order by record."Created At", record."Patient ID"
