with source as (
    select
        *,
        coalesce(invoice_id, 'number:' || ltrim({{ trimmed('invoice_number') }}, '0')) as invoice_ref,
    from {{ newest(source('cliniko', 'invoice_items'), 'invoice_item_id') }}
),

-- Lines without ids cannot be told apart from their older copies, so all of an invoice's come from its newest file.
newest_files as (
    select
        source.invoice_ref,
        arg_max(source._file, (files.run_date, source._file)) as _file,
    from source
    left join {{ source('landing', '_files') }} as files on source._file = files.file
    where source.invoice_item_id is null
    group by source.invoice_ref
),

current as (
    select source.*
    from source
    left join newest_files using (invoice_ref)
    where source.invoice_item_id is not null or source._file = newest_files._file
),

invoices as (
    select
        invoice_id,
        unnest(list_distinct([invoice_id, 'number:' || number])) as invoice_ref,
        excluded_by,
    from {{ ref('cliniko__invoices') }}
),

products_by_name as (
    select
        name_folded,
        min(product_id) as product_id,
    from {{ ref('cliniko__products') }}
    group by name_folded
    having count(*) = 1
),

products_by_code as (
    select
        code,
        min(product_id) as product_id,
    from {{ ref('cliniko__products') }}
    where code is not null
    group by code
    having count(*) = 1
),

renamed as (
    select
        coalesce(
            {{ trimmed('current.invoice_item_id') }},
            'line-' || md5(
                current.invoice_ref || '|' || coalesce(current.item, '') || '|' || coalesce(current.item_code, '')
                || '|' || coalesce(current.quantity, '') || '|' || coalesce(current.total, '')
                || '|' || row_number() over (
                    partition by
                        current.invoice_ref, current.item, current.item_code, current.quantity, current.total
                    order by current._file, current._row
                )
            )
        ) as invoice_item_id,
        coalesce(invoices.invoice_id, current.invoice_ref) as invoice_id,
        {{ one_line('current.item') }} as name,
        {{ one_line('current.item_code') }} as code,
        {{ one_line('current.type') }} as kind,
        {{ amount('trim(current.quantity)') }} as quantity,
        {{ amount('trim(current.unit_price)') }} as unit_price,
        {{ amount('trim(current.net_price)') }} as net_price,
        {{ one_line('current.tax_name') }} as tax_name,
        {{ amount('trim(current.tax_amount)') }} as tax,
        {{ amount('trim(current.discount)') }} as discount,
        {{ one_line('current.concession_type') }} as concession_type,
        {{ amount('trim(current.total)') }} as total,
        case
            when current.product_id is not null then 'product-' || {{ trimmed('current.product_id') }}
            when current.billable_item_id is not null then 'item-' || {{ trimmed('current.billable_item_id') }}
        end as listed_product_id,
        {{ instant('current.created_at') }} as created_at,
        {{ instant('current.updated_at') }} as updated_at,
        row_number() over (partition by current.invoice_ref order by current._file, current._row) as position,
        case
            when coalesce(current.archived_at, current.deleted_at) is not null then 'archived'
            when invoices.invoice_id is null then 'unknown_invoice'
            when invoices.excluded_by is not null then 'invoice_' || invoices.excluded_by
        end as excluded_by,
        current._file,
        current._row,
    from current
    left join invoices using (invoice_ref)
),

final as (
    select
        renamed.* exclude (listed_product_id),
        coalesce(
            listed.product_id, products_by_code.product_id, products_by_name.product_id
        ) as product_id,
    from renamed
    left join {{ ref('cliniko__products') }} as listed on renamed.listed_product_id = listed.product_id
    left join products_by_code on renamed.code = products_by_code.code
    left join products_by_name on {{ folded('renamed.name') }} = products_by_name.name_folded
)

select * from final
