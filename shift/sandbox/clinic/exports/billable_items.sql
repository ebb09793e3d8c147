select
    id as "ID",
    name as "Item Name",
    type as "Item Type",
    code as "Item Code",
    tax_name as "Tax Name",
    tax_rate || '.0' as "Tax Percentage",
    money(price) as "Price",
from billable_items
order by n
