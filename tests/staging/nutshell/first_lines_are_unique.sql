-- A note is found again by its first line, under its person.
select
    parent,
    split_part(body, chr(10), 1) as first_line,
from (
    select
        parent,
        body,
    from {{ ref('nutshell__note') }}
    union all
    select
        parent,
        body,
    from {{ ref('nutshell__attachment') }}
)
group by parent, split_part(body, chr(10), 1)
having count(*) > 1
