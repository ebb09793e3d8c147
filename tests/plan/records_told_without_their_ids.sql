-- Invoices, their lines and payments that came without an id, while the CRM holds some under ids that nobody tells of
-- any more: they may be the same. Put the files that tell the ids back beside the others. To load them as new, accept
-- this.
with told as (
    select
        'invoice' as object,
        invoice_id as key,
        _file as file,
        _row as row,
    from {{ ref('cliniko__invoices') }}
    where excluded_by is null

    union all

    select
        'invoiceLineItem' as object,
        invoice_item_id as key,
        _file as file,
        _row as row,
    from {{ ref('cliniko__invoice_items') }}
    where excluded_by is null

    union all

    select
        'payment' as object,
        allocations.allocation_id as key,
        payments._file as file,
        payments._row as row,
    from {{ ref('cliniko__payment_allocations') }} as allocations
    inner join {{ ref('cliniko__payments') }} as payments using (payment_id)
),

remembered as (
    select
        object,
        key,
    from {{ source('ledger', 'records') }}
    where id is not null
),

untold as (
    select distinct remembered.object
    from remembered
    anti join told on remembered.object = told.object and remembered.key = {{ source_system_id('told.key') }}
    where not regexp_matches(remembered.key, '(number:|line-|payment-)')
)

select
    told.object,
    told.key,
    told.file,
    told.row,
from told
semi join untold using (object)
anti join remembered on told.object = remembered.object and {{ source_system_id('told.key') }} = remembered.key
where regexp_matches(told.key, '^(number:|line-|payment-)')
order by told.object, told.key
