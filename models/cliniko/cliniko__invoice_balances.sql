-- What is still open of each invoice, and in what state that leaves it: as the export says, else as the payments tell.
with paid as (
    select
        invoice_id,
        sum(amount) as amount,
    from {{ ref('cliniko__payment_allocations') }}
    where invoice_id is not null
    group by invoice_id
),

-- The API knows no payments: where nobody told of any, nothing can be said.
told as (
    select count(*) > 0 as has_payments
    from {{ ref('cliniko__payments') }}
),

computed as (
    select
        invoices.invoice_id,
        invoices.is_void,
        invoices.status_given,
        coalesce(paid.amount, 0) as paid,
        invoices.outstanding_given,
        case when told.has_payments then invoices.total - coalesce(paid.amount, 0) end as outstanding_computed,
    from {{ ref('cliniko__invoices') }} as invoices
    cross join told
    left join paid using (invoice_id)
),

final as (
    select
        invoice_id,
        paid,
        coalesce(
            outstanding_given, outstanding_computed, case when status_given in ('Paid', 'Closed') then 0 end
        ) as outstanding,
        outstanding_computed,
        case
            when is_void then 'Void'
            when status_given is not null then status_given
            when coalesce(outstanding_given, outstanding_computed) = 0 then 'Paid'
            else 'Sent'
        end as status,
    from computed
)

select * from final
