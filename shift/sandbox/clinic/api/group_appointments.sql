-- Classes. Who cancelled or came is told of each attendee.
select
    appointments.id,
    appointment_types.id as appointment_type_id,
    null as archived_at,
    businesses.id as business_id,
    iso(appointments.created) as created_at,
    null as deleted_at,
    iso(appointments.ends_at) as ends_at,
    8 as max_attendees,
    appointments.notes,
    to_json(members.patient_ids) as patient_ids,
    practitioners.id as practitioner_id,
    '{}' as repeat_rule,
    null as repeated_from_id,
    iso(appointments.starts_at) as starts_at,
    null as telehealth_url,
    iso(appointments.updated) as updated_at,
from appointments
inner join members on appointments.n = members.appointment
inner join practitioners on appointments.practitioner = practitioners.n
inner join businesses on appointments.business = businesses.n
left join appointment_types on appointments.type = appointment_types.n
where appointments.is_class
order by appointments.created, appointments.n
