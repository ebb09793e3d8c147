-- Treatment notes as files, one each, in the folder of their person; a note whose title changes stays the same file.
with notes as (
    select
        notes.*,
        people._key as person_key,
        {{ person_folder('people') }} || '/notes' as folder,
        concat_ws(
            ' ',
            strftime(notes.created_at at time zone {{ literal(var('timezone')) }}, '%Y-%m-%d'),
            '(' || notes.key || ')'
        ) as day_and_key,
    from {{ ref('nutshell__written_notes') }} as notes
    inner join {{ ref('nutshell__person') }} as people on notes.patient_id = people._patient_id
    where notes.kind = 'treatment note'
),

final as (
    select
        people.person_id,
        notes.person_key as cliniko_patient_id,
        people.person,
        notes.key as cliniko_note_id,
        notes.folder || '/' || {{ file_name('notes.day_and_key') }} || '.md' as path,
        notes.author,
        notes.title,
        {{ iso('notes.created_at') }} as created_at,
        concat_ws(chr(10) || chr(10), notes.first_line, notes.body) as text,
    from notes
    left join {{ ref('handover__people') }} as people on notes.person_key = people.cliniko_patient_id
    order by path
)

select * from final
