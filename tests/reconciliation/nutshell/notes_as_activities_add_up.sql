{{ config(enabled=var('treatment_notes') == 'activities') }}
{{ row_equation('activity', ref('nutshell__note_activity'), '_key', ref('cliniko__treatment_notes')) }}
