-- Records in files that could not be read: they stay behind, as `audit` shows them. Export these files again.
{{ config(severity='warn') }}
select
    file,
    unreadable as records,
from {{ source('landing', '_files') }}
where unreadable > 0
order by file
