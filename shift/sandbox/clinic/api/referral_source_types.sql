select
    id,
    null as archived_at,
    null as created_at,
    name,
    null as referrer_type,
    null as subcategories,
    null as updated_at,
from referral_types
order by id
