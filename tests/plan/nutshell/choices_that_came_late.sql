-- Values that a field of choices lacks: it was made before they were there, and no API adds a choice. They stay
-- behind, and the field keeps what it says, until somebody adds them in the account's settings; then a load sends them.
{{ config(severity='warn') }}
select
    field,
    value,
    owner_id as patient_id,
    kept,
from {{ ref('nutshell__late_choices') }}
order by field, value, owner_id
