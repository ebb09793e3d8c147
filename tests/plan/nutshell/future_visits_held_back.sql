-- Appointments to come that stay behind, after the setting `future`.
{{ config(severity='warn') }}
select
    attendance_id as visit,
    starts_at,
from {{ ref('nutshell__visits') }}
where excluded_by = 'future'
order by starts_at, attendance_id
