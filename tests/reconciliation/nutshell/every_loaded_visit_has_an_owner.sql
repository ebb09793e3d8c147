select
    sent.key,
    sent.id,
    json_array_length(found.body -> 'users') > 0 as _holds,
from {{ source('readback', 'sent') }} as sent
inner join {{ source('readback', 'records') }} as found using (object, id)
where sent.object = 'activity'
