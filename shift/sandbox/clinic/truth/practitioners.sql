select id as practitioner_id, name, email, active
from practitioners
order by n
