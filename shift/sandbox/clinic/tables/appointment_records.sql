-- What the appointments export says of each.
create table appointment_records as
with attendees as (
    select
        attendances.appointment,
        string_agg(patients.first_name || ' ' || patients.last_name, ', ' order by patients.n) as names,
        string_agg(patients.id, ', ' order by patients.n) as ids,
        any_value(patients.email_written order by patients.n) as email,
    from attendances
    inner join patients on attendances.patient = patients.n
    group by attendances.appointment
)

select
    appointments.id as "Appointment ID",
    stamp(appointments.starts_at) as "Start Time",
    stamp(appointments.ends_at) as "End Time",
    practitioners.name as "Practitioner",
    practitioners.id as "Practitioner ID",
    attendees.names as "Patient",
    attendees.ids as "PatientID(s)",
    case when appointments.size = 1 then attendees.email end as "Patient Email",
    appointment_types.name as "Appointment Type",
    appointment_types.category as "Appointment Category",
    businesses.name as "Business",
    businesses.id as "Business ID",
    appointments.notes as "Appointment Notes",
    appointments.did_not_arrive as "Did Not Arrive",
    appointments.arrived as "Patient Arrived",
    appointments.size = 1 and chance(0.6, 'sms', appointments.n) as "SMS Reminder Sent",
    appointments.size = 1 and chance(0.5, 'e-mail', appointments.n) as "Email Reminder Sent",
    stamp(appointments.cancelled_at) as "Cancellation Time",
    appointments.cancellation_reason as "Cancellation Reason",
    case
        when appointments.cancelled_at is not null then sometimes(0.3, free_texts(), 'why', appointments.n)
    end as "Cancellation Note",
    appointments.size as "Number of Patients",
    case when appointments.is_class then 8 else appointments.size end as "Maximum Number of Patients",
    case when appointments.cancelled_at is not null then appointments.size else 0 end as "Number of Cancellations",
    map {true: 'Draft', false: 'Final'}[treatment_notes.draft] as "Treatment Notes Status",
    invoices.id as "Invoice ID",
    invoice_status(balances.outstanding, invoices.n) as "Invoice Status",
    stamp(appointments.created) as "Created At",
    stamp(appointments.updated) as "Updated At",
from appointments
inner join practitioners on appointments.practitioner = practitioners.n
inner join businesses on appointments.business = businesses.n
left join appointment_types on appointments.type = appointment_types.n
left join attendees on appointments.n = attendees.appointment
left join treatment_notes on appointments.n = treatment_notes.n
left join invoices on appointments.n = invoices.visit
left join balances on invoices.n = balances.invoice
order by appointments.created, appointments.n;
