-- A treatment note as an activity of its own day: the one way to give it its true date.
with notes as (
    select
        *,
        date_trunc('second', created_at) as written_at,
        {{ source_system_id("'note-' || note_key") }} as activity_key,
    from {{ ref('nutshell__written_notes') }}
    where kind = 'treatment note'
),

final as (
    select
        notes.title as name,
        types.activity_type_id as activityType,
        {{ iso('notes.written_at') }} as startTime,
        {{ iso('notes.written_at') }} as endTime,
        [{{ reference('person', 'people._key') }}] as contacts,
        case when notes.user_id is not null then [notes.user_id] end as users,
        {{ header_line('appt', 'notes.activity_key', {
            'status': "'note'",
            'type': 'notes.title',
            'practitioner': 'notes.author',
        }) }} as description,
        concat_ws(chr(10) || chr(10), notes.first_line, notes.body) as note,
        'logged' as status,
        notes.activity_key as _key,
        people._key as _person_key,
        notes._practitioner_id,
        notes.body as _body,
    from notes
    inner join {{ ref('nutshell__person') }} as people on notes.patient_id = people._patient_id
    left join {{ ref('nutshell__activity_types') }} as types on types.appointment_type_id = 'treatment note'
)

select * from final
