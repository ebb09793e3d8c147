-- A visit that the calendar lists is an attendance, and each attendance is one that it lists.
with listed as (
    select
        appointment_id,
        {{ visit_slot('starts_at', 'practitioner_id') }} as slot,
        {{ visit_booking('created_at') }} as booked,
        unnest(patient_ids) as patient_id,
    from {{ ref('cliniko__appointments') }}
),

keyed as (
    select distinct coalesce(identities.key, listed.appointment_id || '-' || listed.patient_id) as key
    from listed
    left join {{ ref('cliniko__identities') }} as identities
        on identities.kind = 'attendance'
        and identities.mark = {{ visit_mark('listed.slot', 'listed.booked', 'listed.patient_id') }}
        and identities.source_id is not distinct from listed.appointment_id || '-' || listed.patient_id
)

select
    keyed.key as listed,
    attendances.attendance_id as attendance,
from keyed
full join {{ ref('cliniko__attendances') }} as attendances on keyed.key = attendances.attendance_id
where keyed.key is null or attendances.attendance_id is null
