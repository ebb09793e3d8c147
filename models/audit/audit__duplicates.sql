-- Patients who look like one person.
with people as (
    select
        patient_id,
        {{ folded('full_name') }} as name_folded,
        date_of_birth,
        medicare_number,
        coalesce(medicare_reference_number, '') as medicare_reference_number,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null
),

marks as (
    select
        'name and birth date' as what,
        name_folded || '|' || date_of_birth as mark,
        patient_id,
    from people

    union all

    select
        'Medicare number' as what,
        medicare_number || '|' || medicare_reference_number as mark,
        patient_id,
    from people

    union all

    select
        'name and e-mail' as what,
        people.name_folded || '|' || contacts.value as mark,
        people.patient_id,
    from people
    inner join {{ ref('cliniko__patient_contacts') }} as contacts using (patient_id)
    where contacts.kind = 'email'
),

together as (
    select
        what,
        list(distinct patient_id order by patient_id) as patient_ids,
    from marks
    where mark is not null
    group by what, mark
    having count(distinct patient_id) > 1
),

final as (
    select
        string_agg(distinct what, ', ' order by what) as same,
        patient_ids,
    from together
    group by patient_ids
    order by patient_ids
)

select * from final
