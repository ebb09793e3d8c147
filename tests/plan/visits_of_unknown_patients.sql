-- Appointments of patients who are in no export: they stay behind. Export the patients of all time, not of a range.
{{ records_of_unknown_patients({'visit': ('cliniko__attendances', 'attendance_id')}) }}
