-- Birth dates that are no true day. They go as they are written, beside an empty date.
{{ config(severity='warn') }}
select
    patient_id,
    _file as file,
    _row as row,
from {{ ref('cliniko__patients') }}
where excluded_by is null and date_of_birth is null and date_of_birth_as_written is not null
