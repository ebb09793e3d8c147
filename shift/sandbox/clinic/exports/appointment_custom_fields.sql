select
    appointments.id as "Appointment ID",
    patients.id as "Patient ID",
    appointment_fields.name as "Field",
    appointment_fields.value as "Value",
from appointment_fields
inner join appointments on appointment_fields.appointment = appointments.n
inner join patients on appointment_fields.patient = patients.n
order by appointments.n, appointment_fields.name
