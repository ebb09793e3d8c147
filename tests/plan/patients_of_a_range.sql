-- The patients export is of a range, not of all time: patients outside of it would be lost, with all that hangs on
-- them. Export those of all time.
select
    kind,
    what,
from {{ ref('audit__completeness') }}
where finding = 'range_taken_for_all' and kind = 'patients'
