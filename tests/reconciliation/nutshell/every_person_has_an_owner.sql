select
    sent.key,
    sent.id,
    found.body ->> 'owner' is not null as _holds,
from {{ source('readback', 'sent') }} as sent
inner join {{ source('readback', 'records') }} as found using (object, id)
where sent.object = 'person'
