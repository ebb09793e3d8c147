select
    notes._note_key as note_key,
    notes.id,
    coalesce(contains(found.body ->> '$.bodyV2.markdown', notes._body), false) as _holds,
from {{ source('readback', 'records') }} as found
inner join {{ ref('twenty__note') }} as notes on found.id = notes.id
where found.object = 'note' and notes._body is not null
