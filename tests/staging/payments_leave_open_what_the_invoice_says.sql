{{ config(severity='warn') }}
select
    balances.invoice_id,
    invoices.outstanding_given,
    balances.outstanding_computed,
from {{ ref('cliniko__invoice_balances') }} as balances
inner join {{ ref('cliniko__invoices') }} as invoices using (invoice_id)
where invoices.excluded_by is null and abs(invoices.outstanding_given - balances.outstanding_computed) >= 0.01
