-- Patients who are people of the workspace already: they hold an address there, and the names agree. A person stands
-- for one patient, the first who came; a patient who was loaded before stays the person that was made then.
with patients as (
    select
        patient_id,
        {{ folded('full_name') }} as name_folded,
        created_at,
        {{ record_id('person', 'patient_id') }} as id,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null
),

loaded as {{ loaded('person') }},

-- Our own records are never somebody who is there already.
strangers as (
    select
        id,
        lower(primary_email) as email,
        {{ folded("concat_ws(' ', first_name, last_name)") }} as name_folded,
    from {{ source('twenty', 'people') }}
    where
        not deleted
        and id not in (select id from patients)
        and id not in (select id from loaded)
),

agreeing as (
    select
        patients.patient_id,
        strangers.id as person_id,
        contacts.rank,
    from {{ ref('cliniko__patient_contacts') }} as contacts
    inner join patients using (patient_id)
    inner join strangers on contacts.value = strangers.email and patients.name_folded = strangers.name_folded
    anti join loaded on {{ source_system_id('patients.patient_id') }} = loaded.key
    where contacts.kind = 'email' and {{ 'true' if var('existing_people') == 'link' else 'false' }}
    qualify row_number() over (
        partition by strangers.id
        order by patients.created_at asc nulls last, length(patients.patient_id), patients.patient_id
    ) = 1
),

final as (
    select
        patient_id,
        arg_min(person_id, rank) as person_id,
    from agreeing
    group by patient_id
)

select * from final
