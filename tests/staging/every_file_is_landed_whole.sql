-- A file that could not be landed, records of one that could not be read, or no patient in any: a web page saved in the
-- place of an export, or a file that was cut short.
{{ config(severity='warn') }}
select
    file,
    reason,
from {{ source('landing', '_files') }}
where reason is not null and not starts_with(reason, 'the same file as')

union all

select
    file,
    unreadable || ' of its records could not be read' as reason,
from {{ source('landing', '_files') }}
where unreadable > 0

union all

{{ required_exports_without_rows() }}
