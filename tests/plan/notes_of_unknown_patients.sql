-- Notes of patients who are in no export: they stay behind. Export the patients of all time, not of a range.
{{ records_of_unknown_patients({
    'treatment note': ('cliniko__treatment_notes', 'treatment_note_id'),
    'message': ('cliniko__communications', 'communication_id'),
}) }}
