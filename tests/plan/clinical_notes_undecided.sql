-- Health data goes to the CRM, or it does not: somebody must decide. Set `clinical_notes` to include or exclude.
with clinical as (
    select
        'treatment notes' as what,
        count(*) as records,
    from {{ ref('cliniko__treatment_notes') }}
    where excluded_by is null

    union all

    select
        'medical alerts' as what,
        count(medical_alerts) as records,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null

    union all

    select
        'extra information' as what,
        count(extra_information) as records,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null

    union all

    select
        'appointment notes' as what,
        count(notes) as records,
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null
)

select *
from clinical
where records > 0 and {{ 'true' if var('clinical_notes') is none else 'false' }}
