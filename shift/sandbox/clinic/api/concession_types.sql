select
    id,
    null as archived_at,
    null as created_at,
    name,
    null as updated_at,
from concession_types
order by id
