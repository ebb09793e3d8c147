-- What the clinic sells; products and billable items each have ids of their own.
select
    'product' as origin,
    id as product_id,
    name,
    code,
    'Product' as kind,
    price::decimal(18, 2) as unit_price,
from products
union all
select
    'item' as origin,
    id as product_id,
    name,
    code,
    type as kind,
    price::decimal(18, 2) as unit_price,
from billable_items
order by origin, product_id
