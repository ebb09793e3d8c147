-- Families share an address, and Twenty holds it unique among primary ones, soft-deleted people included. Who is there
-- already keeps it, else the patient who came first among those whose first address it is, of those that are free.
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

addresses as (
    select
        contacts.patient_id,
        patients.created_at,
        contacts.value as email,
        contacts.rank,
        held.email is null as is_free,
        count_if(held.email is null) over (partition by contacts.patient_id order by contacts.rank) as free_rank,
    from {{ ref('cliniko__patient_contacts') }} as contacts
    inner join patients using (patient_id)
    left join held on contacts.value = held.email
    where contacts.kind = 'email' and contacts.value is not null
),

claims as (
    select
        *,
        is_free
        and row_number() over (
            partition by email order by free_rank, created_at asc nulls last, length(patient_id), patient_id
        ) = 1 as is_first,
    from addresses
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
