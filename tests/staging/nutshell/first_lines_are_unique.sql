-- A note is found again under its person by the mark that ends its first line.
select
    parent,
    regexp_extract(split_part(body, chr(10), 1), '\[cliniko [^\]]+\]$') as mark,
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
group by parent, mark
having count(*) > 1 or mark = ''
