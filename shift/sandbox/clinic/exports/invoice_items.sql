select
    invoice_items.id as "Invoice Item ID",
    invoices.id as "Invoice ID",
    invoices.number as "Invoice Number",
    invoice_items.code as "Item Code",
    invoice_items.name as "Item",
    invoice_items.type as "Type",
    money(invoice_items.unit_price) as "Unit Price",
    invoice_items.quantity as "Quantity",
    invoice_items.tax_name as "Tax Name",
    money(invoice_items.tax) as "Tax Amount",
    money(invoice_items.discount) as "Discount",
    null as "Concession Type",
    money(invoice_items.net) as "Net Price",
    money(invoice_items.total) as "Total",
from invoice_items
inner join invoices on invoice_items.invoice = invoices.n
order by invoice_items.n
