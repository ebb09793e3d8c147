select
    appointment_types.id as "ID",
    appointment_types.name as "Name",
    appointment_types.category as "Category",
    appointment_types.duration as "Duration",
    case when appointment_types.n = 1 then 'First visit. Bring "scans", if any.' end as "Description",
    billable_items.name as "Billable Item",
    appointment_types.telehealth as "Telehealth",
    appointment_types.n <> 8 as "Online Bookings",
from appointment_types
inner join billable_items on appointment_types.billable_item = billable_items.n
order by appointment_types.n
