{% set clinic -%}
(
    select company_id from {{ ref('cliniko__companies') }}
    {%- if var('locations') == 'companies' %}
    union all
    select location_id from {{ ref('cliniko__locations') }} where name is not null
    {%- endif %}
)
{%- endset %}
{{ row_equation(
    'company', ref('nutshell__company'), '_key', clinic, excluded='false', linked='staged._linked_id'
) }}
