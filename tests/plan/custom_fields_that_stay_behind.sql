-- Custom fields that somebody has filled in, and that nobody confirmed: they stay in raw. `audit --propose` writes an
-- entry for each; `custom_fields: all` takes them as they were found.
{{ config(severity='warn') }}
select
    of_what,
    section,
    label,
    type,
    filled,
from {{ ref('cliniko__custom_fields') }}
where not goes and not is_confirmed and not is_insurance
order by filled desc, label
