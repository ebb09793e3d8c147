-- Rows that say who or what they are in no way: they stay behind.
{% set records = {
    'patient': 'cliniko__patients',
    'treatment note': 'cliniko__treatment_notes',
    'message': 'cliniko__communications',
    'contact': 'cliniko__contacts',
    'invoice': 'cliniko__invoices',
} -%}
{% for record, model in records.items() -%}
select
    '{{ record }}' as record,
    _file as file,
    _row as row,
from {{ ref(model) }}
where excluded_by = 'no_id'
{% if not loop.last %}
union all

{% endif -%}
{% endfor %}
