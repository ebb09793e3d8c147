select
    record_id(1, 40000000 + patients.n, patients.created) as id,
    null as archived_at,
    iso(patients.created) as created_at,
    record."Referral Extra Information" as notes,
    patients.id as patient_id,
    referral_types.id as referral_source_type_id,
    null as referrer_id,
    null as referrer_type,
    record."Referral Type Subcategory" as subcategory,
    iso(patients.created) as updated_at,
from patients
inner join patient_records as record on patients.id = record."Patient ID"
left join referral_types on patients.referral = referral_types.name
where coalesce(patients.referral, record."Referral Extra Information") is not null
order by patients.n
