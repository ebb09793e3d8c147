select
    appointments.id as appointment_id,
    patients.id as patient_id,
    appointment_fields.name as field,
    appointment_fields.value,
from appointment_fields
inner join appointments on appointment_fields.appointment = appointments.n
inner join patients on appointment_fields.patient = patients.n
order by appointments.n, appointment_fields.name
