-- An answer that goes to the CRM stands on its person or task, in the field that was made for it.
with records as (
    select
        'person' as object,
        _patient_id as owner_id,
        to_json(_row) as body,
    from {{ ref('twenty__person') }} as _row

    union all

    select
        'task' as object,
        _attendance_id as owner_id,
        to_json(_row) as body,
    from {{ ref('twenty__task') }} as _row
)

select
    answers.object,
    answers.name,
    answers.owner_id,
from {{ ref('twenty__custom_field_values') }} as answers
inner join records using (object, owner_id)
where (records.body -> answers.name) is distinct from answers.value
