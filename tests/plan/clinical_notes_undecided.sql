-- Health data goes to the CRM, or it does not: somebody must decide. Set `clinical_notes` to include or exclude.
with clinical as (
    select
        'treatment notes' as what,
        count(*) as records,
    from {{ ref('cliniko__treatment_notes') }}
    where excluded_by is null

    union all

    select
        unnest(['medical alerts', 'extra information', 'notes for all appointments']) as what,
        unnest([count(medical_alerts), count(extra_information), count(appointment_notes)]) as records,
    from {{ ref('cliniko__patients') }}
    where excluded_by is null

    union all

    select
        'appointment notes' as what,
        count(notes) as records,
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null

    union all

    select
        'custom fields marked clinical' as what,
        count(*) as records,
    from {{ ref('cliniko__custom_fields') }}
    where is_clinical and goes

    union all

    select
        'charts' as what,
        count(*) as records,
    from {{ ref('cliniko__attachments') }}
    where folder = 'charts' and excluded_by is null
)

select *
from clinical
where records > 0 and {{ 'true' if var('clinical_notes') is none else 'false' }}
