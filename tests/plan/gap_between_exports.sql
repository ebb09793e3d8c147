-- Days that no file of a kind covers, though others do before and after: those records would be lost. Export them too.
select
    kind,
    what,
from {{ ref('audit__completeness') }}
where finding = 'gap_between_ranges'
