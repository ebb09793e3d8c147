select
    user_id as id,
    active,
    null as created_at,
    email,
    first_name,
    last_name,
    null as phone_numbers,
    role,
    null as time_zone,
    'Australia/Melbourne' as time_zone_identifier,
    title,
    null as updated_at,
    active as user_active,
from practitioners
order by n
