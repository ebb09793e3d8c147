-- One row per patient of an appointment, with the status as of the export.
select
    appointments.id as appointment_id,
    patients.id as patient_id,
    practitioners.id as practitioner_id,
    appointment_types.name as appointment_type,
    businesses.name as business,
    utc(appointments.starts_at) as starts_at,
    utc(appointments.ends_at) as ends_at,
    case
        when appointments.cancelled_at is not null then 'Cancelled'
        when appointments.did_not_arrive then 'No Show'
        when appointments.ends_at < as_of() then 'Completed'
        when appointments.arrived and appointments.starts_at < as_of() then 'In Progress'
        when appointments.arrived then 'Arrived'
        else 'Awaiting'
    end as status,
    coalesce(appointments.arrived, false) or appointments.did_not_arrive as arrival_recorded,
    appointments.cancellation_reason,
    appointments.notes,
    utc(appointments.created) as created_at,
    utc(appointments.updated) as updated_at,
from attendances
inner join appointments on attendances.appointment = appointments.n
inner join patients on attendances.patient = patients.n
inner join practitioners on appointments.practitioner = practitioners.n
inner join businesses on appointments.business = businesses.n
inner join appointment_types on appointments.type = appointment_types.n
order by appointments.n, patients.n
