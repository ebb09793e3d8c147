-- Values that a field of choices lacks: it was made before they were there, and no API adds a choice. They stay behind
-- until somebody adds them in Nutshell's settings.
{{ config(severity='warn') }}
select
    field,
    value,
    owner_id as patient_id,
from {{ ref('nutshell__late_choices') }}
order by field, value, owner_id
