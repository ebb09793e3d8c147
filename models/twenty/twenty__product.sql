with final as (
    select
        {{ record_id('product', 'products.product_id') }} as id,
        {{ source_system_id('products.product_id') }} as sourceSystemId,
        products.name,
        products.description,
        {{ money('products.unit_price') }} as unitPrice,
        products.code as itemCode,
        kinds.value as kind,
        products.tax_name as taxName,
        {{ iso('products.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('products.created_at') }} as clinikoCreatedAt,
        {{ iso('products.updated_at') }} as clinikoUpdatedAt,
        products.product_id as _product_id,
    from {{ ref('cliniko__products') }} as products
    left join {{ ref('cliniko__product_kinds') }} as kinds on {{ folded('products.kind') }} = kinds.name_folded
)

select * from final
