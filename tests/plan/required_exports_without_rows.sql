-- The files of patients hold not one: nothing that hangs on a patient could go. Export them again.
{{ required_exports_without_rows() }}
