-- Patients who have an address or a number together, mostly families. The first claimant keeps an e-mail as primary.
with contacts as (
    select
        case when contacts.kind = 'email' then 'e-mail' else 'phone' end as kind,
        contacts.value,
        contacts.patient_id,
    from {{ ref('cliniko__patient_contacts') }} as contacts
    inner join {{ ref('cliniko__patients') }} as patients using (patient_id)
    where contacts.shared_with > 0 and patients.excluded_by is null
),

final as (
    select
        kind,
        count(distinct patient_id) as patients,
        list(distinct patient_id order by patient_id) as patient_ids,
    from contacts
    group by kind, value
    having count(distinct patient_id) > 1
    order by kind, patients desc, patient_ids
)

select * from final
