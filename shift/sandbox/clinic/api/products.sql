select
    id,
    null as archived_at,
    money(cost_price) as cost_price,
    null as created_at,
    code as item_code,
    name,
    case when n = 5 then 'Sold out in winter; order "early"' end as notes,
    money(price) as price_ex_tax,
    money(price * 1.1) as price_including_tax,
    null as product_supplier_id,
    supplier as product_supplier_name,
    serial_number,
    stock as stock_level,
    null as tax_id,
    null as updated_at,
from products
order by n
