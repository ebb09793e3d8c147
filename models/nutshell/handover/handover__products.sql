-- Products of Nutshell's hang on leads alone, so the price list is a file.
with final as (
    select
        product_id as cliniko_product_id,
        name,
        code,
        kind,
        unit_price::decimal(18, 2) as unit_price,
        tax_name,
        description,
        is_archived,
    from {{ ref('cliniko__products') }}
    order by kind, name, product_id
)

select * from final
