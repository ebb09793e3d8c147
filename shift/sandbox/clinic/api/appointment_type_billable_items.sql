select
    record_id(3, 6000 + appointment_types.n, timestamp '2013-03-06 09:00:00') as id,
    appointment_types.id as appointment_type_id,
    null as created_at,
    null as discount_percentage,
    null as discounted_amount,
    null as is_monetary_discount,
    billable_items.id as billable_item_id,
    1 as quantity,
    null as updated_at,
from appointment_types
inner join billable_items on appointment_types.billable_item = billable_items.n
order by appointment_types.n
