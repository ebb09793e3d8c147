-- Visits of one patient.
select
    appointments.id,
    appointment_types.id as appointment_type_id,
    null as archived_at,
    null as booking_ip_address,
    businesses.id as business_id,
    record."Cancellation Note" as cancellation_note,
    null as cancellation_reason,
    record."Cancellation Reason" as cancellation_reason_description,
    iso(appointments.cancelled_at) as cancelled_at,
    iso(appointments.created) as created_at,
    null as deleted_at,
    appointments.did_not_arrive,
    record."Email Reminder Sent" as email_reminder_sent,
    iso(appointments.ends_at) as ends_at,
    null as has_patient_appointment_notes,
    null as invoice_status,
    appointments.notes,
    null as online_booking_policy_accepted,
    patients.id as patient_id,
    appointments.arrived as patient_arrived,
    null as patient_case_id,
    patients.first_name || ' ' || patients.last_name as patient_name,
    practitioners.id as practitioner_id,
    null as repeat_rule,
    null as repeated_from_id,
    record."SMS Reminder Sent" as sms_reminder_sent,
    iso(appointments.starts_at) as starts_at,
    null as telehealth_url,
    null as treatment_note_status,
    iso(appointments.updated) as updated_at,
from appointments
inner join appointment_records as record on appointments.id = record."Appointment ID"
inner join attendances on appointments.n = attendances.appointment
inner join patients on attendances.patient = patients.n
inner join practitioners on appointments.practitioner = practitioners.n
inner join businesses on appointments.business = businesses.n
left join appointment_types on appointments.type = appointment_types.n
where not appointments.is_class
order by appointments.created, appointments.n
