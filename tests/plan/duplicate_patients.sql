-- Patients who look like one person. They are loaded apart: only Cliniko may merge them.
{{ config(severity='warn') }}
with marks as (
    select
        patient_id,
        unnest([
            {{ folded('full_name') }} || ' born ' || date_of_birth,
            'Medicare ' || medicare_number || ' ' || coalesce(medicare_reference_number, '')
        ]) as mark,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null

    union all

    select
        patients.patient_id,
        {{ folded('patients.full_name') }} || ' ' || contacts.value as mark,
    from {{ ref('cliniko__patients') }} as patients
    inner join {{ ref('cliniko__patient_contacts') }} as contacts using (patient_id)
    where patients.excluded_by is null and contacts.kind = 'email'
)

select list(distinct patient_id order by patient_id) as patient_ids
from marks
where mark is not null
group by mark
having count(distinct patient_id) > 1
