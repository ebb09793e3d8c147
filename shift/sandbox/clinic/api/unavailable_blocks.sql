select
    appointments.id,
    null as archived_at,
    businesses.id as business_id,
    iso(appointments.created) as created_at,
    null as deleted_at,
    iso(appointments.ends_at) as ends_at,
    appointments.notes,
    practitioners.id as practitioner_id,
    null as repeat_rule,
    null as repeated_from_id,
    iso(appointments.starts_at) as starts_at,
    null as unavailable_block_type_id,
    iso(appointments.updated) as updated_at,
from appointments
inner join practitioners on appointments.practitioner = practitioners.n
inner join businesses on appointments.business = businesses.n
where appointments.size = 0
order by appointments.created, appointments.n
