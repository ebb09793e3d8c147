-- Files above `attachment_limit_mb`. They are in the handover folder, whatever `attachments` says; so their notes tell.
{{ config(severity='warn') }}
select
    path,
    size_bytes,
from {{ ref('nutshell__files') }}
where is_over_the_limit
order by size_bytes desc, path
