-- What the ledger says was written, and is still meant to be there, the CRM has.
select
    sent.object,
    sent.key,
    sent.id,
from {{ source('readback', 'sent') }} as sent
anti join {{ source('readback', 'records') }} as found using (object, id)
