-- What was changed in the CRM since we wrote it: no fault of the load, and for a person to look at.
select
    *,
    null::bigint as equal_values,
    1 as edited_values,
    false as _holds,
from {{ source('readback', 'differences') }}
where because = 'edited'
union all by name
select
    object,
    field,
    equal as equal_values,
    true as _holds,
from {{ source('readback', 'fields') }}
