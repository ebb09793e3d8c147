-- Exports of a range, not of all time: what lies outside of it stays behind.
{{ config(severity='warn') }}
select
    kind,
    what,
from {{ ref('audit__completeness') }}
where finding = 'range_taken_for_all' and kind != 'patients'
