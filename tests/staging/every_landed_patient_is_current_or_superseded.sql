with sums as (
    select
        (select count(*) from {{ source('cliniko', 'patients') }}) as landed,
        (select count(*) from {{ ref('cliniko__patients') }}) as current_rows,
        (select count(*) from {{ superseded(source('cliniko', 'patients'), 'patient_id') }}) as older_copies,
)

select *
from sums
where landed != current_rows + older_copies
