-- Treatment notes, and messages where the settings want them: each with the line by which it is known again, for
-- Nutshell shows neither when a note was written in Cliniko nor by whom.
with treatment_notes as (
    select
        treatment_note_id as note_key,
        patient_id,
        practitioner_id,
        coalesce(title, template, 'Treatment note') as title,
        author,
        body,
        created_at,
        updated_at,
        'treatment note' as kind,
    from {{ ref('cliniko__treatment_notes') }}
    where excluded_by is null
),

messages as (
    select
        'communication-' || communication_id as note_key,
        patient_id,
        coalesce(subject, category, channel, 'Message') || coalesce(', ' || lower(direction), '')
        || coalesce(' to ' || recipient, '') as title,
        sender as author,
        body,
        created_at,
        'message' as kind,
    from {{ ref('cliniko__communications') }}
    where excluded_by is null
),

together as (
    select * from treatment_notes
    union all by name
    select * from messages
),

headed as (
    select
        together.* exclude (body, author, practitioner_id),
        {{ source_system_id('together.note_key') }} as key,
        coalesce(together.author, users._name) as author,
        together.practitioner_id as _practitioner_id,
        users.id as user_id,
        concat_ws(
            ', ',
            {{ day_told('together.created_at') }},
            coalesce(together.author, users._name),
            {{ one_line('together.title') }}
        ) as heading,
        {{ trimmed('together.body') }} as body,
    from together
    left join {{ ref('nutshell__user') }} as users on together.practitioner_id = users._practitioner_id
),

final as (
    select
        *,
        heading || ', ' || {{ note_mark('key') }} as first_line,
    from headed
)

select * from final
