-- Appointments to come are about to become scheduled activities. Where a user's calendar is synchronised, it may send
-- invitations to their patients. Switch that off for the load, or set `future: hold`, and load them later.
{{ config(severity='warn') }}
select
    visits._key as visit,
    visits.startTime as starts_at,
from {{ ref('nutshell__activity') }} as visits
anti join {{ loaded('activity') }} as there on visits._key = there.key
where visits._is_to_come and visits.status = 'scheduled' and visits.users is not null
order by visits.startTime, visits._key
