-- Their appointments and notes would belong to nobody. Invite them, name another in `owners`, or set `fallback_owner`.
select
    practitioner_id,
    name,
    email,
    records,
from {{ ref(target.loader ~ '__owners') }}
where found_by = 'missing' and records > 0
