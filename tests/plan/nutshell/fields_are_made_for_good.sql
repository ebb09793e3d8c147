-- Custom fields are about to be made. No API changes or removes one: `rollback --schema` lists them, to be removed by
-- hand.
{{ config(severity='warn') }}
select
    object,
    count(*) as fields,
from {{ fields_to_come() }}
where is_new
group by object
order by object
