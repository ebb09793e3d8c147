with final as (
    select
        invoices.person_id,
        invoices.cliniko_patient_id,
        items.invoice_item_id as cliniko_invoice_item_id,
        items.invoice_id as cliniko_invoice_id,
        invoices.number as invoice_number,
        items.name,
        items.code,
        products.kind,
        items.quantity::decimal(18, 4) as quantity,
        items.unit_price::decimal(18, 2) as unit_price,
        items.discount::decimal(18, 2) as discount,
        items.concession_type,
        items.tax_name,
        items.tax::decimal(18, 2) as tax,
        items.total::decimal(18, 2) as total,
    from {{ ref('cliniko__invoice_items') }} as items
    left join {{ ref('handover__invoices') }} as invoices on items.invoice_id = invoices.cliniko_invoice_id
    left join {{ ref('cliniko__products') }} as products using (product_id)
    where items.excluded_by is null
    order by invoices.issue_date, invoices.number, items.invoice_id, items.position
)

select * from final
