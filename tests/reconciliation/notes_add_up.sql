{% set clinic -%}
(
    select excluded_by from {{ ref('cliniko__treatment_notes') }}
    union all
    select excluded_by from {{ ref('cliniko__communications') }}
)
{%- endset %}
{{ row_equation('note', ref('twenty__note'), 'sourceSystemId', clinic) }}
