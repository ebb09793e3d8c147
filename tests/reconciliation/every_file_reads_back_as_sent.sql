-- The bytes that the CRM gives out are those that lay in the folder when it was landed: by their hash and their size.
select
    staged.id,
    staged._attachment_id as attachment_id,
    staged._bytes as bytes_sent,
    files.size_bytes as bytes_found,
    coalesce(staged._sha256 = files.sha256 and staged._bytes = files.size_bytes, false) as _holds,
from {{ source('readback', 'sent') }} as sent
inner join {{ ref('twenty__attachment') }} as staged on sent.id = staged.id
left join {{ source('readback', 'files') }} as files on sent.object = files.object and sent.id = files.id
where sent.object = 'attachment'
