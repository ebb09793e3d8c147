-- An answer that goes to the CRM stands on its person, in the field that was made for it.
with people as (
    select
        _patient_id as owner_id,
        from_json(to_json(_row), '"MAP(VARCHAR, VARCHAR)"') as body,
    from {{ ref('nutshell__person') }} as _row
)

select
    answers.name,
    answers.owner_id,
from {{ ref('nutshell__custom_field_values') }} as answers
inner join people using (owner_id)
where people.body[answers.name] is distinct from answers.value
