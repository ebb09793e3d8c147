select
    treatment_notes.id as "ID",
    patients.id as "Patient ID",
    practitioners.id as "Practitioner ID",
    practitioners.name as "Author",
    appointments.id as "Appointment ID",
    null as "Attendee ID",
    treatment_notes.title as "Title",
    treatment_notes.template_id as "Template ID",
    treatment_notes.draft as "Draft",
    stamp(treatment_notes.finalized_at) as "Finalized At",
    treatment_notes.content as "Content JSON",
    null as "Content Text",
    stamp(treatment_notes.created) as "Created At",
    stamp(coalesce(treatment_notes.finalized_at, treatment_notes.created)) as "Updated At",
    null as "Archived At",
from treatment_notes
inner join patients on treatment_notes.patient = patients.n
inner join practitioners on treatment_notes.practitioner = practitioners.n
inner join appointments on treatment_notes.n = appointments.n
order by treatment_notes.created, treatment_notes.n
