select
    treatment_notes.id,
    null as archived_at,
    null as attendee_id,
    practitioners.name as author_name,
    appointments.id as booking_id,
    treatment_notes.content,
    iso(treatment_notes.created) as created_at,
    null as deleted_at,
    treatment_notes.draft,
    iso(treatment_notes.finalized_at) as finalized_at,
    patients.id as patient_id,
    null as pinned_at,
    practitioners.id as practitioner_id,
    treatment_notes.title,
    treatment_notes.template_id as treatment_note_template_id,
    iso(coalesce(treatment_notes.finalized_at, treatment_notes.created)) as updated_at,
from treatment_notes
inner join patients on treatment_notes.patient = patients.n
inner join practitioners on treatment_notes.practitioner = practitioners.n
inner join appointments on treatment_notes.n = appointments.n
order by treatment_notes.created, treatment_notes.n
