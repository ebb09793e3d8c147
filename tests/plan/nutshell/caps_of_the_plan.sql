-- What a plan of Nutshell's may cap, and how much of it there will be. No API tells a cap. People are said to have
-- none, unless `contact_limit` sets one. Custom fields have none on the largest plan alone: one too many is refused
-- and stops the load before its first record; the next plan says so (`fields_that_were_refused`).
{{ config(severity='warn') }}
with counted as (
    select
        'people' as what,
        there,
        to_come,
        case when there + to_come <= {{ var('contact_limit') or 'null' }} then 'met' else 'unknown' end as cap,
    from {{ people_to_come() }}

    union all

    select
        'custom fields of ' || object as what,
        count(*) filter (where not is_new) as there,
        count(*) filter (where is_new) as to_come,
        'unknown' as cap,
    from {{ fields_to_come() }}
    group by object
)

select
    what,
    there,
    to_come,
    cap,
from counted
where to_come > 0
order by what desc
