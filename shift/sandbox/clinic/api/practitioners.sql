select
    id,
    active,
    null as created_at,
    null as default_appointment_type_id,
    null as description,
    designation,
    name as display_name,
    first_name,
    name as label,
    last_name,
    null as show_in_online_bookings,
    title,
    null as updated_at,
    user_id,
from practitioners
order by n
