-- The bytes that Nutshell gives out are those that lay in the folder when it was landed: by their hash and their size.
{{ config(enabled=var('attachments') == 'lead_upload') }}
select
    staged._key as key,
    staged.size as bytes_sent,
    files.size_bytes as bytes_found,
    coalesce(staged._sha256 = files.sha256 and staged.size = files.size_bytes, false) as _holds,
from {{ source('readback', 'sent') }} as sent
inner join {{ ref('nutshell__lead_file') }} as staged on sent.key = staged._key
left join {{ source('readback', 'files') }} as files on sent.object = files.object and sent.id = files.id
where sent.object = 'file'
