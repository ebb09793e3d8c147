-- Without it no visit is past or to come. Set `as_of` where no file has a date in its name.
select as_of.as_of
from {{ ref('cliniko__as_of') }} as as_of
where as_of.as_of is null and exists (select 1 from {{ ref('cliniko__attendances') }})
