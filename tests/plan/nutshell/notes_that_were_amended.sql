-- Notes that Cliniko changed after they were written to Nutshell, where a note can be edited for a day only. Each goes
-- along as a further note, which says when it was amended; the one before it stays beside it.
{{ config(severity='warn') }}
with written as (
    select key
    from {{ source('ledger', 'records') }}
    where object = 'note' and id is not null
)

select
    notes._key as note,
    notes._person_key as patient_id,
from {{ ref('nutshell__note') }} as notes
anti join written on notes._key = written.key
where notes._is_amended
order by notes._key
