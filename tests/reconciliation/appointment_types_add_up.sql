{% if var('appointment_types') == 'object' -%}
{{ row_equation(
    'appointmentType', ref('twenty__appointment_type'), 'sourceSystemId', ref('cliniko__appointment_types'),
    excluded='false'
) }}
{%- else -%}
-- As choices of a select field they are no records.
select 'nothing' as reason where false
{%- endif %}
