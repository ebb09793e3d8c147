{# The `records` (what each is called: its model and key) that stay behind because their patient is in no export; or in
   an older one alone, where `known_before`: deleted since, unless the newest was cut short. #}
{% macro records_of_unknown_patients(records, known_before=false) -%}
with records as (
    {% for record, (model, key) in records.items() -%}
    select
        '{{ record }}' as record,
        {{ key }} as id,
        patient_id,
        _file as file,
        _row as row,
    from {{ ref(model) }}
    where excluded_by = 'unknown_patient'
    {% if not loop.last %}
    union all

    {% endif -%}
    {% endfor -%}
)

select *
from records
where {{ known_before | lower }} = coalesce(
    patient_id in (
        select {{ trimmed('patient_id') }}
        from {{ replaced_keys(source('cliniko', 'patients'), 'patient_id') }}
    ),
    false
)
{%- endmacro %}
