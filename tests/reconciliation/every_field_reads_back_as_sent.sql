-- Every field of every record that was read back is as it is meant; `readback.rules` says by which rule, where the CRM
-- writes it otherwise. What somebody edited since we wrote it is told apart.
select
    *,
    null::bigint as equal_values,
    false as _holds,
from {{ source('readback', 'differences') }}
where because is distinct from 'edited'
union all by name
select
    object,
    field,
    equal as equal_values,
    true as _holds,
from {{ source('readback', 'fields') }}
