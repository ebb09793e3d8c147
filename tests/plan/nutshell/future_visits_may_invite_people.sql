-- Appointments to come become scheduled activities. Where a user's calendar is synchronised, it may send invitations to
-- their patients. Switch that off for the load, or set `future: hold`.
{{ config(severity='warn') }}
select
    _key as visit,
    startTime as starts_at,
from {{ ref('nutshell__activity') }}
where _is_to_come and status = 'scheduled'
order by startTime, _key
