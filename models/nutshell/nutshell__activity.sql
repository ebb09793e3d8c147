{% set with_notes = var('clinical_notes') != 'exclude' -%}
with attendances as (
    select
        *,
        -- Whoever looks for one of three words finds it first; what Cliniko says of the visit stands behind it.
        case status
            when 'Completed' then 'attended'
            when 'In Progress' then 'attended'
            when 'Arrived' then 'attended'
            when 'No Show' then 'no-show'
            when 'Cancelled' then 'cancelled'
            else 'booked'
        end as status_word,
    from {{ ref('nutshell__visits') }}
    where excluded_by is null
),

-- Activities have no custom fields: those of visits are lines of text.
custom as (
    select
        answers.owner_id as attendance_id,
        string_agg(groups.label || ': ' || answers.value, chr(10) order by groups.label, answers.value) as told,
    from {{ ref('cliniko__field_groups') }} as groups
    inner join {{ ref('cliniko__custom_field_values') }} as answers
        on groups.of_what = answers.of_what and list_contains(groups.field_keys, answers.field_key)
    where groups.of_what = 'attendance'
    group by answers.owner_id
),

{% if var('locations') == 'companies' -%}
sites as (
    select
        {{ folded('name') }} as name_folded,
        {{ source_system_id("'site-' || min(location_id)") }} as site_key,
    from {{ ref('cliniko__locations') }}
    where name is not null
    group by {{ folded('name') }}
),

{% endif -%}
keyed as (
    select
        attendances.*,
        {{ source_system_id('attendances.attendance_id') }} as key,
        concat_ws(
            ', ',
            attendances.status,
            case when not attendances.is_arrival_recorded and status_word = 'attended' then 'arrival not recorded' end
        ) as status_told,
        {{ iso('attendances.created_at') }} as created,
        nullif(
            concat_ws(
                chr(10),
                'Cancellation reason: ' || attendances.cancellation_reason,
                custom.told,
                {% if with_notes -%}
                attendances.notes,
                {% endif -%}
            ), ''
        ) as further,
    from attendances
    left join custom using (attendance_id)
),

final as (
    select
        coalesce(keyed.appointment_type_name, 'Appointment') as name,
        types.activity_type_id as activityType,
        {{ iso("date_trunc('second', keyed.starts_at)") }} as startTime,
        {{ iso("date_trunc('second', coalesce(keyed.ends_at, keyed.starts_at))") }} as endTime,
        [{{ reference('person', 'people._key') }}] as contacts,
        case when users.id is not null then [users.id] end as users,
        {% if var('locations') == 'companies' -%}
        case when sites.site_key is not null then [{{ reference('company', 'sites.site_key') }}] end as accounts,
        sites.site_key as _site_key,
        {% endif -%}
        keyed.location,
        concat_ws(
            chr(10),
            {{ header_line('appt', 'keyed.key', {
                'status': "keyed.status_word || ' (' || keyed.status_told || ')'",
                'type': 'keyed.appointment_type_name',
                'place': 'keyed.location',
                'practitioner': 'keyed.practitioner_name',
                'created': 'keyed.created',
            }) }},
            {{ trimmed('keyed.further') }}
        ) as description,
        case
            when keyed.status = 'Cancelled' then 'cancelled'
            when keyed.is_to_come then 'scheduled'
            else 'logged'
        end as status,
        keyed.key as _key,
        people._key as _person_key,
        keyed.attendance_id as _attendance_id,
        keyed.practitioner_id as _practitioner_id,
        keyed.is_to_come as _is_to_come,
    from keyed
    inner join {{ ref('nutshell__person') }} as people on keyed.patient_id = people._patient_id
    left join {{ ref('nutshell__activity_types') }} as types using (appointment_type_id)
    left join {{ ref('nutshell__user') }} as users on keyed.practitioner_id = users._practitioner_id
    {% if var('locations') == 'companies' -%}
    left join sites on {{ folded('keyed.location') }} = sites.name_folded
    {% endif -%}
)

select * from final
