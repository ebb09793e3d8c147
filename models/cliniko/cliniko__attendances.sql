with listed as (
    select
        * exclude (patient_ids),
        unnest(list_distinct(patient_ids)) as patient_id,
    from {{ ref('cliniko__appointments') }}
),

-- The API tells of each patient of a booking what an export tells of the booking.
attendees as (
    select
        {{ trimmed('booking_id') }} as appointment_id,
        {{ trimmed('patient_id') }} as patient_id,
        {{ flag('arrived') }} as arrived,
        {{ instant('cancelled_at') }} as cancelled_at,
        {{ trimmed("concat_ws(': ', nullif(cancellation_reason_description, ''), nullif(cancellation_note, ''))") }}
            as cancellation_reason,
        {{ trimmed('notes') }} as notes,
        {{ instant('updated_at') }} as updated_at,
        coalesce(archived_at, deleted_at) is not null as is_archived,
    from {{ newest(source('cliniko', 'attendees'), 'attendee_id') }}
    -- A patient who was taken out of a class and put in again is one visit.
    qualify row_number() over (partition by booking_id, patient_id order by created_at desc, attendee_id desc) = 1
),

told as (
    select
        listed.* exclude (arrived, did_not_arrive, cancelled_at, cancellation_reason, notes, updated_at, excluded_by),
        {{ visit_mark(
            visit_slot('listed.starts_at', 'listed.practitioner_id'),
            visit_booking('listed.created_at'),
            'listed.patient_id'
        ) }} as mark,
        listed.appointment_id || '-' || listed.patient_id as source_id,
        coalesce(attendees.arrived, listed.arrived) as arrived,
        coalesce(not attendees.arrived, listed.did_not_arrive) as did_not_arrive,
        coalesce(attendees.cancelled_at, listed.cancelled_at) as cancelled_at,
        coalesce(attendees.cancellation_reason, listed.cancellation_reason) as cancellation_reason,
        coalesce(attendees.notes, listed.notes) as notes,
        greatest(listed.updated_at, attendees.updated_at) as updated_at,
        coalesce(listed.excluded_by, case when attendees.is_archived then 'archived' end) as excluded_by,
    from listed
    left join attendees using (appointment_id, patient_id)
),

identified as (
    select
        told.* exclude (mark, source_id),
        coalesce(identities.key, told.source_id, told.mark) as attendance_id,
    from told
    left join {{ ref('cliniko__identities') }} as identities
        on identities.kind = 'attendance'
        and told.mark = identities.mark
        and told.source_id is not distinct from identities.source_id
),

-- The same visit by export and by API, or by two exports that overlap and name no ids. An id that one of them gave
-- stays known.
repeated as (
    select
        attendance_id,
        max(appointment_id) as appointment_id,
    from identified
    group by attendance_id
    having count(*) > 1
),

older as (
    select
        _file,
        _row,
        patient_id,
    from identified
    semi join repeated using (attendance_id)
    qualify row_number() over (
        partition by attendance_id
        order by updated_at desc nulls last, appointment_id is null, _file desc, _row desc
    ) > 1
),

current as (
    select identified.* replace (coalesce(identified.appointment_id, repeated.appointment_id) as appointment_id)
    from identified
    left join repeated using (attendance_id)
    anti join older using (_file, _row, patient_id)
),

types_by_name as (
    select
        names.appointment_type_name,
        types.appointment_type_id,
    from (select distinct appointment_type_name from current) as names
    inner join {{ ref('cliniko__appointment_types') }} as types
        on {{ folded('names.appointment_type_name') }} = types.name_folded and types.is_meant_by_name
),

-- An export that tells the status itself may spell it in several ways.
statuses as (
    select
        written.status as status_as_written,
        coalesce(usual.status, min(written.status) over (partition by {{ folded('written.status') }})) as status,
    from (select distinct status_as_written as status from current) as written
    left join (select unnest({{ visit_words() }}) as status) as usual
        on {{ folded('written.status') }} = {{ folded('usual.status') }}
),

typed as (
    select
        current.* exclude (appointment_type_id, appointment_type_name),
        statuses.status,
        coalesce(types.appointment_type_id, types_by_name.appointment_type_id) as appointment_type_id,
        coalesce(types.name, current.appointment_type_name) as appointment_type_name,
    from current
    left join {{ ref('cliniko__appointment_types') }} as types on current.appointment_type_id = types.cliniko_id
    left join statuses using (status_as_written)
    left join types_by_name on current.appointment_type_name = types_by_name.appointment_type_name
),

final as (
    select
        typed.attendance_id,
        typed.appointment_id,
        coalesce(patients.kept_patient_id, typed.patient_id) as patient_id,
        typed.starts_at,
        typed.ends_at,
        typed.practitioner_id,
        typed.practitioner_name,
        typed.appointment_type_id,
        typed.appointment_type_name,
        typed.location,
        typed.notes,
        case
            when typed.status is not null then typed.status
            when typed.cancelled_at is not null then 'Cancelled'
            when typed.did_not_arrive then 'No Show'
            when typed.ends_at <= as_of.as_of then 'Completed'
            when typed.arrived and typed.starts_at <= as_of.as_of then 'In Progress'
            when typed.arrived then 'Arrived'
            else 'Awaiting'
        end as status,
        -- Completed claims no arrival: whether one was ever noted is kept apart.
        coalesce(typed.arrived, false) or coalesce(typed.did_not_arrive, false) as is_arrival_recorded,
        typed.cancelled_at,
        typed.cancellation_reason,
        typed.max_patients > 1 as is_group,
        typed.created_at,
        typed.updated_at,
        case
            when typed.excluded_by is not null then typed.excluded_by
            when patients.patient_id is null then 'unknown_patient'
            else patients.records_excluded_by
        end as excluded_by,
        typed._file,
        typed._row,
    from typed
    left join {{ ref('cliniko__patients') }} as patients using (patient_id)
    cross join {{ ref('cliniko__as_of') }} as as_of
)

select * from final
