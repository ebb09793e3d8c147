-- Custom fields that somebody has filled in, and that no field of the CRM holds. They stay in raw.
{{ config(severity='warn') }}
select
    of_what,
    section,
    label,
    type,
    filled,
from {{ ref('cliniko__custom_fields') }}
where
    of_what != 'patient'
    or {{ folded('label') }} not in (
        {% for label in var('insurance').values() -%}
        {{ folded(literal(label)) }},
        {% endfor -%}
        ''
    )
order by filled desc, label
