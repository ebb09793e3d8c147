with final as (
    select
        {{ record_id('invoiceLineItem', 'items.invoice_item_id') }} as id,
        {{ source_system_id('items.invoice_item_id') }} as sourceSystemId,
        items.name,
        items.code as itemCode,
        items.quantity,
        {{ money('items.unit_price') }} as unitPrice,
        {{ money('items.discount') }} as discountAmount,
        items.concession_type as concessionType,
        items.tax_name as taxName,
        {{ money('items.tax') }} as taxAmount,
        {{ money('items.total') }} as total,
        invoices.id as invoiceId,
        products.id as productId,
        {{ iso('items.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('items.created_at') }} as clinikoCreatedAt,
        {{ iso('items.updated_at') }} as clinikoUpdatedAt,
    from {{ ref('cliniko__invoice_items') }} as items
    inner join {{ ref('twenty__invoice') }} as invoices on items.invoice_id = invoices._invoice_id
    left join {{ ref('twenty__product') }} as products on items.product_id = products._product_id
    where items.excluded_by is null
)

select * from final
