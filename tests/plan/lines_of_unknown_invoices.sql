-- Lines of invoices that are in no export: they stay behind. Export the invoices of all time, not of a range.
select
    invoice_item_id,
    invoice_id,
    _file as file,
    _row as row,
from {{ ref('cliniko__invoice_items') }}
where excluded_by = 'unknown_invoice'
