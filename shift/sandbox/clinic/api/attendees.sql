select
    record_id(5, 20000000 + row_number() over (order by appointments.n, patients.n), appointments.created) as id,
    null as archived_at,
    case when appointments.did_not_arrive then false when appointments.arrived then true end as arrived,
    appointments.id as booking_id,
    null as booking_ip_address,
    record."Cancellation Note" as cancellation_note,
    null as cancellation_reason,
    record."Cancellation Reason" as cancellation_reason_description,
    null as cancellation_url,
    iso(appointments.cancelled_at) as cancelled_at,
    iso(appointments.created) as created_at,
    null as deleted_at,
    null as email_reminder_sent,
    null as invoice_status,
    null as notes,
    null as online_booking_policy_accepted,
    patients.id as patient_id,
    null as patient_case_id,
    null as sent_email_follow_ups_count,
    null as sent_email_reminders_count,
    null as sent_sms_follow_ups_count,
    null as sent_sms_reminders_count,
    null as sms_reminder_sent,
    null as telehealth_url,
    null as treatment_note_status,
    iso(appointments.updated) as updated_at,
from attendances
inner join appointments on attendances.appointment = appointments.n
inner join appointment_records as record on appointments.id = record."Appointment ID"
inner join patients on attendances.patient = patients.n
order by appointments.n, patients.n
