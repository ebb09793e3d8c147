-- Treatment notes, and messages where the settings want them.
with treatment_notes as (
    select
        treatment_note_id as note_key,
        patient_id,
        appointment_id,
        practitioner_id,
        coalesce(title, template, 'Treatment note') as title,
        author,
        template as kind,
        body,
        created_at,
        updated_at,
    from {{ ref('cliniko__treatment_notes') }}
    where excluded_by is null
),

messages as (
    select
        'communication-' || communication_id as note_key,
        patient_id,
        appointment_id,
        coalesce(subject, category, channel, 'Message') as title,
        sender as author,
        concat_ws(' ', channel, lower(direction), 'to ' || recipient) as kind,
        body,
        created_at,
        updated_at,
    from {{ ref('cliniko__communications') }}
    where excluded_by is null
),

together as (
    select * from treatment_notes
    union all by name
    select * from messages
),

owned as (
    select
        together.* exclude (author),
        coalesce(together.author, members._name) as author,
        strftime(together.created_at at time zone {{ literal(var('timezone')) }}, '%-d %B %Y') as written_on,
        members.id as member_id,
        people.id as person_id,
    from together
    inner join {{ ref('twenty__person') }} as people on together.patient_id = people._patient_id
    left join {{ ref('twenty__workspace_member') }} as members on together.practitioner_id = members._practitioner_id
),

-- Who wrote it and when is its first line: the CRM shows neither.
headed as (
    select
        *,
        nullif(
            concat_ws(chr(10) || chr(10), nullif(concat_ws(', ', author, written_on, kind), ''), body), ''
        ) as markdown,
    from owned
),

final as (
    select
        {{ record_id('note', 'headed.note_key') }} as id,
        {{ source_system_id('headed.note_key') }} as sourceSystemId,
        headed.title,
        {{ rich_text('headed.markdown') }} as bodyV2,
        headed.member_id as authorId,
        tasks.id as appointmentId,
        {{ iso('headed.created_at') }} as createdAt,
        {{ imported_by("coalesce(headed.author, 'Cliniko')") }} as createdBy,
        {{ iso('headed.created_at') }} as clinikoCreatedAt,
        {{ iso('headed.updated_at') }} as clinikoUpdatedAt,
        headed.person_id as _person_id,
        headed.practitioner_id as _practitioner_id,
        headed.note_key as _note_key,
        headed.body as _body,
    from headed
    left join {{ tasks_by_appointment() }} as tasks
        on headed.appointment_id = tasks._appointment_id and headed.person_id = tasks._person_id
)

select * from final
