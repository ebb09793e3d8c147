{{ config(severity='warn') }}
with items as (
    select
        invoice_id,
        sum(total) as total,
    from {{ ref('cliniko__invoice_items') }}
    where excluded_by is null
    group by invoice_id
)

select
    invoices.invoice_id,
    invoices.total,
    items.total as items_total,
from {{ ref('cliniko__invoices') }} as invoices
inner join items using (invoice_id)
where invoices.excluded_by is null and abs(invoices.total - items.total) >= 0.01
