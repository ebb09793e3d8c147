-- A lead for each patient whose files go up: it holds nothing else. People see its description, and not its name, which
-- Nutshell makes from a number.
with files as (
    select distinct person_key
    from {{ ref('nutshell__files') }}
    where is_on_a_lead
),

final as (
    select
        'Files of ' || coalesce(people._full_name, 'patient ' || people._patient_id) as description,
        [{'id': {{ reference('person', 'people._key') }}, 'relationship': 'Patient'}] as contacts,
        people.owner,
        people._key as "Cliniko Patient ID",
        people._key,
        people._key as _person_key,
    from {{ ref('nutshell__person') }} as people
    semi join files on people._key = files.person_key
)

select * from final
