-- Families share an address, and Twenty holds it unique among primary ones, soft-deleted people included. Who is there
-- already keeps it, else the patient who came first.
with patients as (
    select
        patient_id,
        created_at,
        {{ record_id('person', 'patient_id') }} as id,
    from {{ ref('cliniko__patients') }}
    anti join {{ ref('twenty__existing_people') }} as existing using (patient_id)
    where excluded_by is null
),

held as (
    select distinct lower(primary_email) as email
    from {{ source('twenty', 'people') }}
    where primary_email is not null and id not in (select id from patients)
),

claims as (
    select
        contacts.patient_id,
        contacts.value as email,
        contacts.rank,
        held.email is null
        and row_number() over (
            partition by contacts.value
            order by patients.created_at asc nulls last, length(contacts.patient_id), contacts.patient_id
        ) = 1 as is_first,
    from {{ ref('cliniko__patient_contacts') }} as contacts
    inner join patients using (patient_id)
    left join held on contacts.value = held.email
    where contacts.kind = 'email' and contacts.value is not null
),

primaries as (
    select
        patient_id,
        arg_min(email, rank) as email,
    from claims
    where is_first
    group by patient_id
),

final as (
    select
        claims.patient_id,
        {
            'primaryEmail': any_value(primaries.email),
            'additionalEmails': list(claims.email order by claims.rank)
                filter (where claims.email is distinct from primaries.email)
        } as emails,
        string_agg(claims.email, ', ' order by claims.rank) filter (where not claims.is_first) as shared_email,
    from claims
    left join primaries using (patient_id)
    group by claims.patient_id
)

select * from final
