-- Everybody who can sign in to the CRM will be able to read clinical notes, unless a role there keeps them from it;
-- what roles allow is told to no key. Look at the roles in the CRM's settings, and accept this where each of them may.
with clinical as (
    select 1
    from {{ ref('cliniko__treatment_notes') }}
    where excluded_by is null

    union all

    select 1
    from {{ ref('cliniko__patients') }}
    where excluded_by is null and coalesce(medical_alerts, extra_information, appointment_notes) is not null

    union all

    select 1
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null and notes is not null
)

select
    coalesce(name, email) as member,
    email,
from {{ ref(target.loader ~ '__members') }}
where {{ 'true' if var('clinical_notes') == 'include' else 'false' }} and exists (select 1 from clinical)
order by email
