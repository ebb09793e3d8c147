select
    sent.key,
    sent.id,
from {{ source('readback', 'sent') }} as sent
inner join {{ source('readback', 'records') }} as found using (object, id)
where sent.object = 'task' and found.body ->> 'assigneeId' is null
