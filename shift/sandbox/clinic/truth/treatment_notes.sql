-- Every text of every answer must be found in the note's body, below its section's and its question's name.
select
    treatment_notes.id as note_id,
    patients.id as patient_id,
    practitioners.name as author,
    appointments.id as appointment_id,
    treatment_notes.title,
    treatment_notes.draft,
    treatment_notes.answers,
    utc(treatment_notes.created) as created_at,
from treatment_notes
inner join patients on treatment_notes.patient = patients.n
inner join practitioners on treatment_notes.practitioner = practitioners.n
inner join appointments on treatment_notes.n = appointments.n
order by treatment_notes.n
