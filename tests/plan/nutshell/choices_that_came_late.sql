-- Values that a field of choices lacks: it was made before they were there, and no API adds a choice. They stay
-- behind, and the field keeps what it says, until somebody adds them in the account's settings; then a load sends them.
-- What it says is an answer of the patient's, and is not told here.
{{ config(severity='warn') }}
select
    field,
    value,
    owner_id as patient_id,
from {{ ref('nutshell__late_choices') }}
order by field, value, owner_id
