{% set with_notes = var('clinical_notes') != 'exclude' -%}
with attendances as (
    select *
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null
),

custom as {{ custom_columns('task') }},

final as (
    select
        {{ record_id('task', 'attendances.attendance_id') }} as id,
        {{ source_system_id('attendances.attendance_id') }} as sourceSystemId,
        concat_ws(': ', attendances.appointment_type_name, people._full_name) as title,
        {{ iso('attendances.starts_at') }} as dueAt,
        {{ iso('attendances.starts_at') }} as startAt,
        {{ iso('attendances.ends_at') }} as endAt,
        case attendances.status
            {%- for status, value in var('task_status').items() %}
            when {{ literal(status) }} then {{ literal(value) }}
            {%- endfor %}
            else 'TODO'
        end as status,
        statuses.value as clinikoAppointmentStatus,
        attendances.is_arrival_recorded as attendanceRecorded,
        {% if var('appointment_types') == 'object' -%}
        types.id as appointmentTypeId,
        {% else -%}
        types.value as appointmentTypeName,
        {% endif -%}
        members.id as assigneeId,
        attendances.practitioner_name as practitionerName,
        {% if with_notes -%}
        {{ rich_text('attendances.notes') }} as bodyV2,
        {% endif -%}
        attendances.location as clinicLocation,
        attendances.cancellation_reason as cancellationReason,
        {{ iso('attendances.cancelled_at') }} as cancelledAt,
        {{ iso('attendances.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('attendances.created_at') }} as clinikoCreatedAt,
        {{ iso('attendances.updated_at') }} as clinikoUpdatedAt,
        custom.* exclude (owner_id),
        people.id as _person_id,
        attendances.attendance_id as _attendance_id,
        attendances.appointment_id as _appointment_id,
        attendances.practitioner_id as _practitioner_id,
    from attendances
    left join custom on attendances.attendance_id = custom.owner_id
    inner join {{ ref('twenty__person') }} as people on attendances.patient_id = people._patient_id
    left join {{ ref('cliniko__appointment_status') }} as statuses on attendances.status = statuses.status
    {% if var('appointment_types') == 'object' -%}
    left join {{ ref('twenty__appointment_type') }} as types
        on attendances.appointment_type_id = types._appointment_type_id
    {% else -%}
    left join {{ ref('cliniko__appointment_types') }} as listed_types using (appointment_type_id)
    left join {{ ref('cliniko__appointment_type_names') }} as types on listed_types.name = types.name
    {% endif -%}
    left join {{ ref('twenty__workspace_member') }} as members on attendances.practitioner_id = members._practitioner_id
)

select * from final
