with notes as (
    select *
    from {{ ref('nutshell__written_notes') }}
    where {{ "true" if var('treatment_notes') == 'notes' else "kind = 'message'" }}
),

final as (
    select
        {{ reference('person', 'people._key') }} as parent,
        concat_ws(chr(10) || chr(10), notes.first_line, notes.body) as body,
        {% if var('impersonate') -%}
        notes.user_id as author,
        {% endif -%}
        notes.key as _key,
        people._key as _person_key,
        notes._practitioner_id,
        notes.body as _body,
    from notes
    inner join {{ ref('nutshell__person') }} as people on notes.patient_id = people._patient_id
)

select * from final
