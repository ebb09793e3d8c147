-- What the clinic sells: products, and billable items.
with products as (
    select
        'product' as origin,
        {{ trimmed('product_id') }} as source_id,
        {{ one_line('name') }} as name,
        {{ one_line('item_code') }} as code,
        'Product' as kind,
        coalesce({{ amount('trim(price)') }}, {{ amount('trim(price_including_tax)') }}) as unit_price,
        concat_ws(
            '; ',
            {{ trimmed('notes') }},
            'Serial number: ' || {{ one_line('serial_number') }},
            'Supplier: ' || {{ one_line('supplier') }}
        ) as description,
        {{ one_line('tax_name') }} as tax_name,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        archived_at is not null as is_archived,
    from {{ newest(source('cliniko', 'products'), 'product_id', ['tax_name']) }}
),

items as (
    select
        'item' as origin,
        {{ trimmed('billable_item_id') }} as source_id,
        {{ one_line('item_name') }} as name,
        {{ one_line('item_code') }} as code,
        coalesce({{ one_line('item_type') }}, 'Service') as kind,
        {{ amount('trim(price)') }} as unit_price,
        {{ one_line('tax_name') }} as tax_name,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        archived_at is not null as is_archived,
    from {{ newest(source('cliniko', 'billable_items'), 'billable_item_id', ['tax_name']) }}
),

together as (
    select * from products
    union all by name
    select * from items
),

-- Ids are unique in a file, not across the two, so the key says which it was.
final as (
    select
        origin || '-' || coalesce(source_id, 'name:' || {{ folded('name') }}) as product_id,
        * exclude (description),
        {{ folded('name') }} as name_folded,
        {{ trimmed('description') }} as description,
    from together
    where coalesce(source_id, name) is not null
)

select * from final
