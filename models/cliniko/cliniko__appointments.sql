-- One row per entry of the calendar, whichever export or resource it came by. Copies are told by their id.
with by_api as (
    select
        * exclude (patient_id),
        patient_id as patient_ids,
        '1' as max_attendees,
    from {{ source('cliniko', 'individual_appointments') }}

    union all by name

    select * from {{ source('cliniko', 'group_appointments') }}
),

copies as (
    select appointment_id, updated_at, _file, _row from {{ source('cliniko', 'appointments') }}
    union all
    select appointment_id, updated_at, _file, _row from by_api
),

exported as (
    select
        {{ trimmed('appointment_id') }} as appointment_id,
        {{ instant('start_time') }} as starts_at,
        {{ instant('end_time') }} as ends_at,
        {{ trimmed('practitioner_id') }} as listed_practitioner_id,
        {{ trimmed('practitioner') }} as practitioner_name,
        regexp_extract_all(patient_ids, '\d+') as patient_ids,
        {{ trimmed('appointment_type') }} as appointment_type_name,
        {{ trimmed('appointment_category') }} as category,
        {{ trimmed('business') }} as location,
        {{ trimmed('appointment_notes') }} as notes,
        {{ flag('did_not_arrive') }} as did_not_arrive,
        {{ flag('patient_arrived') }} as arrived,
        {{ instant('cancellation_time') }} as cancelled_at,
        {{ trimmed("concat_ws(': ', nullif(cancellation_reason, ''), nullif(cancellation_note, ''))") }}
            as cancellation_reason,
        {{ trimmed('status') }} as status_as_written,
        {{ whole_number('trim(maximum_number_of_patients)') }} as max_patients,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        _file,
        _row,
    from {{ source('cliniko', 'appointments') }}
),

told_by_api as (
    select
        {{ trimmed('appointment_id') }} as appointment_id,
        {{ instant('starts_at') }} as starts_at,
        {{ instant('ends_at') }} as ends_at,
        {{ trimmed('practitioner_id') }} as listed_practitioner_id,
        regexp_extract_all(patient_ids, '\d+') as patient_ids,
        {{ trimmed('appointment_type_id') }} as appointment_type_id,
        business_id,
        {{ trimmed('notes') }} as notes,
        {{ flag('did_not_arrive') }} as did_not_arrive,
        {{ flag('patient_arrived') }} as arrived,
        {{ instant('cancelled_at') }} as cancelled_at,
        {{ trimmed("concat_ws(': ', nullif(cancellation_reason_description, ''), nullif(cancellation_note, ''))") }}
            as cancellation_reason,
        {{ whole_number('trim(max_attendees)') }} as max_patients,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        coalesce(archived_at, deleted_at) is not null as is_archived,
        _file,
        _row,
    from by_api
),

together as (
    select * from exported
    union all by name
    select * from told_by_api
),

current as (
    select together.*
    from together
    anti join {{ superseded('copies', 'appointment_id') }} as older using (_file, _row)
),

final as (
    select
        current.* exclude (listed_practitioner_id, practitioner_name, business_id, location, is_archived),
        coalesce(current.listed_practitioner_id, named.key) as practitioner_id,
        coalesce(current.practitioner_name, practitioners.name) as practitioner_name,
        coalesce(current.location, locations.name) as location,
        case
            when current.is_archived then 'archived'
            when len(current.patient_ids) > 0 then null
            when coalesce(current.max_patients, 0) = 0 then 'unavailable_time'
            else 'no_patient'
        end as excluded_by,
    from current
    left join {{ keys_by_name(ref('cliniko__practitioners'), 'name_folded', 'practitioner_id') }} as named
        on named.name
        = case when current.listed_practitioner_id is null then {{ folded('current.practitioner_name') }} end
    left join {{ ref('cliniko__practitioners') }} as practitioners
        on current.listed_practitioner_id = practitioners.practitioner_id
    left join {{ ref('cliniko__locations') }} as locations on current.business_id = locations.location_id
)

select * from final
