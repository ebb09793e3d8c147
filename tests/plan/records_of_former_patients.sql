-- Records of patients who stand in an older export and not in the newest: somebody deleted them, or that export was cut
-- short. They stay behind, and what the CRM holds of them already stays there: `on_missing` is for what no export tells
-- of. Export the patients again; or, if they are gone for good, delete these records in the CRM.
{{ records_of_unknown_patients({
    'visit': ('cliniko__attendances', 'attendance_id'),
    'treatment note': ('cliniko__treatment_notes', 'treatment_note_id'),
    'message': ('cliniko__communications', 'communication_id'),
    'invoice': ('cliniko__invoices', 'invoice_id'),
    'payment': ('cliniko__payments', 'payment_id'),
}, known_before=true) }}
