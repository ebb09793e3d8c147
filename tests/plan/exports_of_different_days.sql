-- Exports of different days do not fit together: what changed between them is in some and not in others.
{{ config(severity='warn') }}
select
    kind,
    what,
from {{ ref('audit__completeness') }}
where finding = 'files_of_different_days'
