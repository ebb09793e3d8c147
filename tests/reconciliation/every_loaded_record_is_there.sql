-- What the ledger says was written, and is still meant to be there, the CRM has.
select
    sent.object,
    sent.key,
    sent.id,
    found.id is not null as _holds,
from {{ source('readback', 'sent') }} as sent
left join {{ source('readback', 'records') }} as found using (object, id)
