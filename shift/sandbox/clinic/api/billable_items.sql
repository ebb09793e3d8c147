select
    id,
    null as archived_at,
    null as created_at,
    code as item_code,
    type as item_type,
    name,
    money(price) as price,
    null as tax_id,
    null as updated_at,
from billable_items
order by n
