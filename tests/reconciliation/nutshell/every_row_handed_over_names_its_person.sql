-- Who is in Nutshell is named by their id there, in each file that tells of them.
{% set kinds = ['people', 'invoices', 'invoice_items', 'payments', 'files'] -%}
{% if var('treatment_notes') == 'files' %}{% set kinds = kinds + ['treatment_notes'] %}{% endif -%}
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
    rows.person_id is not distinct from coalesce(loaded.id, people._linked_id) as _holds,
from rows
left join {{ ref('nutshell__person') }} as people on rows.cliniko_patient_id = people._key
left join {{ loaded('person') }} as loaded on people._key = loaded.key
