-- Patients who look like people of Nutshell's: they have an e-mail address in common, and the names agree. A person
-- stands for one patient, the first who came; a patient who was loaded before stays the person that was made then.
with patients as (
    select
        patient_id,
        {{ folded('full_name') }} as name_folded,
        created_at,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null
),

loaded as {{ loaded('person') }},

-- Our own records are never somebody who is there already.
strangers as (
    select
        id,
        {{ folded('name') }} as name_folded,
        unnest(from_json(coalesce(emails, '[]'), '["VARCHAR"]')) as email,
    from {{ source('nutshell', 'people') }}
    where not deleted and cliniko_patient_id is null and id not in (select id from loaded)
),

agreeing as (
    select
        patients.patient_id,
        strangers.id,
        contacts.rank,
    from {{ ref('cliniko__patient_contacts') }} as contacts
    inner join patients using (patient_id)
    inner join strangers
        on contacts.value = lower(trim(strangers.email)) and patients.name_folded = strangers.name_folded
    anti join loaded on {{ source_system_id('patients.patient_id') }} = loaded.key
    where contacts.kind = 'email'
    qualify row_number() over (
        partition by strangers.id
        order by patients.created_at asc nulls last, length(patients.patient_id), patients.patient_id
    ) = 1
),

final as (
    select
        patient_id,
        arg_min(id, (rank, id)) as id,
    from agreeing
    group by patient_id
)

select * from final
