-- A note is its author's to edit, and for a day only: what Cliniko changed later goes along as a further note, and the
-- one before it stays.
with notes as (
    select
        notes.*,
        people._key as person_key,
        {{ reference('person', 'people._key') }} as parent,
        concat_ws(chr(10) || chr(10), notes.first_line, notes.body) as text,
    from {{ ref('nutshell__written_notes') }} as notes
    inner join {{ ref('nutshell__person') }} as people on notes.patient_id = people._patient_id
    where {{ "true" if var('treatment_notes') == 'notes' else "notes.kind = 'message'" }}
),

judged as (
    select
        notes.*,
        {{ amended_key('notes.key', 'notes.updated_at') }} as amended_key,
        -- Whether it was written as its author does not count.
        coalesce(
            closed.hash not in (
                {{ note_hash('notes.parent', 'notes.text') }},
                {{ note_hash('notes.parent', 'notes.text', 'notes.user_id') }}
            ), false
        ) as reads_otherwise,
        -- An export may be older than the load of it, by a month at most. Whose author or template was renamed is not
        -- amended: Cliniko does not say that it was updated.
        coalesce(reads_otherwise and notes.updated_at > closed.written_at - interval 30 day, false) as is_amended,
    from notes
    left join {{ closed_notes() }} as closed using (key)
),

final as (
    select
        parent,
        case
            when is_amended
                then concat_ws(
                    chr(10) || chr(10),
                    heading || ', amended ' || {{ day_told('updated_at') }} || ', ' || {{ note_mark('amended_key') }},
                    body
                )
            else text
        end as body,
        {% if var('impersonate') -%}
        user_id as author,
        {% endif -%}
        case when is_amended then amended_key else key end as _key,
        person_key as _person_key,
        _practitioner_id,
        body as _body,
        is_amended as _is_amended,
        reads_otherwise and not is_amended as _is_closed,
    from judged
)

select * from final
