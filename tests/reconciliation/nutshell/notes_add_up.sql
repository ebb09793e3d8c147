-- Treatment notes that are moved as activities or as files are counted apart.
{% set clinic -%}
(
    {% if var('treatment_notes') == 'notes' -%}
    select excluded_by from {{ ref('cliniko__treatment_notes') }}
    union all
    {% endif -%}
    select excluded_by from {{ ref('cliniko__communications') }}
)
{%- endset %}
{{ row_equation('note', ref('nutshell__note'), '_key', clinic) }}
