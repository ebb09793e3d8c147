-- An export names what a type bills, the API tells its id. Of several by one name, the one that is still sold.
with products_by_name as (
    select
        name_folded,
        arg_min(product_id, (is_archived, product_id)) as product_id,
    from {{ ref('cliniko__products') }}
    where name_folded is not null
    group by name_folded
),

types as (
    select
        *,
        coalesce('item-' || billable_item_id, 'product-' || product_id) as listed_product_id,
        {{ folded('item_names[1]') }} as first_item_folded,
    from {{ ref('cliniko__appointment_types') }}
),

final as (
    select
        {{ record_id('appointmentType', 'types.appointment_type_id') }} as id,
        {{ source_system_id('types.appointment_type_id') }} as sourceSystemId,
        types.name,
        types.duration_minutes as durationMinutes,
        types.category,
        coalesce(listed.id, named.id) as productId,
        nullif(array_to_string(types.item_names, ', '), '') as products,
        {{ iso('types.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('types.created_at') }} as clinikoCreatedAt,
        {{ iso('types.updated_at') }} as clinikoUpdatedAt,
        types.appointment_type_id as _appointment_type_id,
    from types
    left join products_by_name on types.first_item_folded = products_by_name.name_folded
    left join {{ ref('twenty__product') }} as listed on types.listed_product_id = listed._product_id
    left join {{ ref('twenty__product') }} as named on products_by_name.product_id = named._product_id
)

select * from final
