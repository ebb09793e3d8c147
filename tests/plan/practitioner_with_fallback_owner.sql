-- The fallback takes over from them. Name somebody in `owners` where that is not meant.
{{ config(severity='warn') }}
select
    _practitioner_id as practitioner_id,
    _name as name,
    _email as email,
from {{ ref('twenty__workspace_member') }}
where _matched_by = 'fallback'
