-- No record of a file is lost: it landed, or it is among the unreadable ones.
select
    file,
    rows,
    landed,
    unreadable,
from {{ source('landing', '_files') }}
where kind is not null and rows != landed + unreadable
