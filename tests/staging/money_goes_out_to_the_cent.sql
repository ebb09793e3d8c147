{{ config(enabled=target.loader == 'twenty') }}
-- What was invoiced, is open and was paid in the clinic, all together, is what the staging tables send.
with sums as (
    select
        'invoiced' as what,
        (
            select coalesce(sum(total), 0)::decimal(38, 6)
            from {{ ref('cliniko__invoices') }}
            where excluded_by is null
        ) as in_the_clinic,
        (
            select coalesce(sum(totalAmount.amountMicros * 0.000001), 0)
            from {{ ref('twenty__invoice') }}
        ) as staged,
    union all
    select
        'outstanding' as what,
        (
            select coalesce(sum(balances.outstanding), 0)::decimal(38, 6)
            from {{ ref('cliniko__invoice_balances') }} as balances
            inner join {{ ref('cliniko__invoices') }} as invoices using (invoice_id)
            where invoices.excluded_by is null
        ) as in_the_clinic,
        (
            select coalesce(sum(outstandingAmount.amountMicros * 0.000001), 0)
            from {{ ref('twenty__invoice') }}
        ) as staged,
    union all
    select
        'paid' as what,
        (
            select coalesce(sum(amount), 0)::decimal(38, 6)
            from {{ ref('cliniko__payments') }}
            where excluded_by is null
        ) as in_the_clinic,
        (
            select coalesce(sum(amount.amountMicros * 0.000001), 0)
            from {{ ref('twenty__payment') }}
        ) as staged,
)

select
    *,
    in_the_clinic = staged as _holds,
from sums
