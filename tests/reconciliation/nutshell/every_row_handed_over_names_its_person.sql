-- Who is in Nutshell is named by their id there.
{% set kinds = ['invoices', 'payments'] -%}
with rows as (
    {% for kind in kinds -%}
    select
        '{{ kind }}' as file,
        cliniko_patient_id,
        person_id,
    from {{ ref('handover__' ~ kind) }}
    {% if not loop.last %}
    union all

    {% endif -%}
    {% endfor -%}
)

select
    rows.file,
    rows.cliniko_patient_id,
    rows.person_id,
    rows.person_id = people.person_id as _holds,
from rows
inner join {{ ref('handover__people') }} as people using (cliniko_patient_id)
