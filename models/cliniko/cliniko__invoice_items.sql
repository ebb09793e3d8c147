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

-- A line names its invoice by key, by number, or by an id that is not its key.
invoices as (
    select
        invoice_id,
        excluded_by,
        unnest([invoice_id, 'number:' || number]) as invoice_ref,
    from {{ ref('cliniko__invoices') }}

    union

    select
        invoices.invoice_id,
        invoices.excluded_by,
        identities.source_id as invoice_ref,
    from {{ ref('cliniko__invoices') }} as invoices
    inner join {{ ref('cliniko__identities') }} as identities
        on identities.kind = 'invoice' and invoices.invoice_id = identities.key
    where identities.source_id is not null
),

placed as (
    select
        current.*,
        coalesce(invoices.invoice_id, current.invoice_ref) as invoice_key,
        case
            when coalesce(current.archived_at, current.deleted_at) is not null then 'archived'
            when invoices.invoice_id is null then 'unknown_invoice'
            when invoices.excluded_by is not null then 'invoice_' || invoices.excluded_by
        end as excluded_by,
    from current
    left join invoices using (invoice_ref)
),

-- Without an id a line is told by its invoice and its name, and by its place among those of one name.
marked as (
    select
        *,
        'line-' || md5(
            invoice_key || '|' || coalesce({{ folded('item') }}, '') || '|' || row_number() over (
                partition by invoice_key, {{ folded('item') }}, invoice_item_id is null
                order by excluded_by nulls first, length(invoice_item_id), invoice_item_id, _file, _row
            )
        ) as mark,
    from placed
),

keyed as (
    select
        marked.*,
        {{ key_of('marked.invoice_item_id', 'marked.mark', 'remembered.key') }} as key,
    from marked
    left join {{ remembered_keys() }} as remembered on marked.mark = remembered.key
),

-- The same line by a file with its id, and by one without.
once as (
    select *
    from keyed
    qualify row_number() over (
        partition by key order by {{ instant('updated_at') }} desc nulls last, invoice_item_id is null, _file desc
    ) = 1
),

renamed as (
    select
        current.key as invoice_item_id,
        current.invoice_key as invoice_id,
        {{ one_line('current.item') }} as name,
        {{ one_line('current.item_code') }} as code,
        {{ one_line('current.type') }} as kind,
        {{ amount('trim(current.quantity)') }} as quantity,
        {{ amount('trim(current.unit_price)') }} as unit_price,
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
        row_number() over (partition by current.invoice_key order by current._file, current._row) as position,
        current.excluded_by,
        current._file,
        current._row,
    from once as current
),

final as (
    select
        renamed.* exclude (listed_product_id),
        coalesce(listed.product_id, by_code.key, by_name.key) as product_id,
    from renamed
    left join {{ ref('cliniko__products') }} as listed on renamed.listed_product_id = listed.product_id
    left join {{ keys_by_name(ref('cliniko__products'), 'code', 'product_id') }} as by_code
        on renamed.code = by_code.name
    left join {{ keys_by_name(ref('cliniko__products'), 'name_folded', 'product_id') }} as by_name
        on {{ folded('renamed.name') }} = by_name.name
)

select * from final
