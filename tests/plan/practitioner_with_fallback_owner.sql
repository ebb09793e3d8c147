-- The fallback takes over from them. Name somebody in `owners` where that is not meant.
{{ config(severity='warn') }}
select
    practitioner_id,
    name,
    email,
    records,
from {{ ref(target.loader ~ '__owners') }}
where found_by = 'fallback'
