with source as (
    select * from {{ newest(source('cliniko', 'appointment_types'), 'appointment_type_id') }}
),

sold as (
    select
        links.appointment_type_id,
        list({{ one_line('products.name') }} order by links.appointment_type_product_id) as product_names,
        arg_min(products.product_id, links.appointment_type_product_id) as product_id,
    from {{ newest(source('cliniko', 'appointment_type_products'), 'appointment_type_product_id') }} as links
    inner join {{ newest(source('cliniko', 'products'), 'product_id') }} as products using (product_id)
    group by links.appointment_type_id
),

billed as (
    select
        links.appointment_type_id,
        list({{ one_line('items.item_name') }} order by links.appointment_type_billable_item_id) as item_names,
        arg_min(items.billable_item_id, links.appointment_type_billable_item_id) as billable_item_id,
    from
        {{ newest(source('cliniko', 'appointment_type_billable_items'), 'appointment_type_billable_item_id') }} as links
    inner join {{ newest(source('cliniko', 'billable_items'), 'billable_item_id') }} as items using (billable_item_id)
    group by links.appointment_type_id
),

listed as (
    select
        {{ trimmed('source.appointment_type_id') }} as source_id,
        {{ one_line('source.name') }} as name,
        {{ one_line('source.category') }} as category,
        {{ whole_number('trim(source.duration)') }} as duration_given,
        coalesce(billed.billable_item_id, {{ trimmed('source.billable_item_id') }}) as billable_item_id,
        coalesce(sold.product_id, {{ trimmed('source.product_id') }}) as product_id,
        list_concat(
            coalesce(
                billed.item_names,
                list_filter([{{ one_line('source.billable_item') }}], lambda item: item is not null)
            ),
            sold.product_names
        ) as item_names,
        {{ instant('source.created_at') }} as created_at,
        {{ instant('source.updated_at') }} as updated_at,
        source.archived_at is not null as is_archived,
    from source
    left join sold using (appointment_type_id)
    left join billed using (appointment_type_id)
    where {{ one_line('source.name') }} is not null
),

used as (
    select
        appointment_type_id,
        appointment_type_name,
        min(category) as category,
        median(date_diff('minute', starts_at, ends_at))::integer as minutes,
    from {{ ref('cliniko__appointments') }}
    where appointment_type_id is not null or appointment_type_name is not null
    group by appointment_type_id, appointment_type_name
),

by_name as (
    select
        {{ folded('appointment_type_name') }} as name_folded,
        min(appointment_type_name) as name,
        min(category) as category,
        max(minutes) as minutes,
    from used
    where appointment_type_name is not null
    group by {{ folded('appointment_type_name') }}
),

by_id as (
    select
        appointment_type_id,
        max(minutes) as minutes,
    from used
    where appointment_type_id is not null
    group by appointment_type_id
),

together as (
    select
        coalesce(listed.source_id, 'name:' || {{ folded('listed.name') }}) as source_id,
        listed.* exclude (source_id),
        {{ folded('listed.name') }} as name_folded,
    from listed

    union all by name

    -- A name that only the calendar knows is a type too.
    select
        name,
        category,
        name_folded,
        false as is_archived,
    from by_name
    where not exists (select 1 from listed where {{ folded('listed.name') }} = by_name.name_folded)
),

final as (
    select
        coalesce(identities.key, together.source_id) as appointment_type_id,
        together.source_id as cliniko_id,
        together.name,
        together.name_folded,
        together.category,
        coalesce(together.duration_given, by_id.minutes, by_name.minutes) as duration_minutes,
        together.billable_item_id,
        together.product_id,
        together.item_names,
        together.created_at,
        together.updated_at,
        -- Of two with one name, the one that a name without an id means.
        row_number() over (
            partition by together.name_folded
            order by together.is_archived, together.created_at desc nulls last, together.source_id
        ) = 1 as is_meant_by_name,
    from together
    left join by_id on together.source_id = by_id.appointment_type_id
    left join by_name using (name_folded)
    left join {{ ref('cliniko__identities') }} as identities
        on identities.kind = 'appointment_type'
        and identities.mark = 'name:' || together.name_folded
        and identities.source_id is not distinct from nullif(together.source_id, 'name:' || together.name_folded)
)

select * from final
