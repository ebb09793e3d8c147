-- Files of patients that Cliniko lists and nobody put into the folder, or that lie there and belong to nobody known:
-- they stay behind. Put the files beside their index, and export the patients of all time.
select
    excluded_by as reason,
    count(*) as files,
    min(_file || ', row ' || _row) as first,
from {{ ref('cliniko__attachments') }}
where excluded_by in ('file_not_found', 'no_file', 'no_id', 'not_in_an_index', 'not_processed', 'unknown_patient')
group by excluded_by
order by excluded_by
