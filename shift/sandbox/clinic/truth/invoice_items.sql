select
    invoice_items.id as invoice_item_id,
    invoices.id as invoice_id,
    invoice_items.name,
    invoice_items.quantity,
    invoice_items.unit_price,
    invoice_items.tax,
    invoice_items.total,
from invoice_items
inner join invoices on invoice_items.invoice = invoices.n
order by invoice_items.n
