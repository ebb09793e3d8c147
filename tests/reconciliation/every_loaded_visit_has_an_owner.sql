{{ config(enabled=target.loader == 'twenty') }}
select
    sent.key,
    sent.id,
    found.body ->> 'assigneeId' is not null as _holds,
from {{ source('readback', 'sent') }} as sent
inner join {{ source('readback', 'records') }} as found using (object, id)
where sent.object = 'task'
