select
    id as "ID",
    name as "Name",
    code as "Item Code",
    serial_number as "Serial Number",
    supplier as "Supplier",
    money(cost_price) as "Cost Price",
    money(price) as "Price",
    money(price * 1.1) as "Price Including Tax",
    tax_name as "Tax Name",
    tax_rate || '.0' as "Tax Percentage",
    stock as "Stock Level",
    case when n = 5 then 'Sold out in winter; order "early"' end as "Notes",
from products
order by n
