-- Files in the exports folder that could not be landed: their records stay behind. Export them again, or remove them.
select
    file,
    reason,
from {{ source('landing', '_files') }}
where reason is not null and not starts_with(reason, 'the same file as')
order by file
