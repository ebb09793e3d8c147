-- The sum of what people owe is the same in the CRM as in the clinic, to the cent.
with sums as (
    select
        (
            select coalesce(sum((body ->> '$.balanceDue.amountMicros')::decimal(38, 0) * 0.000001), 0)
            from {{ source('readback', 'records') }}
            where object = 'person'
        ) as in_the_crm,
        (
            select coalesce(sum(balances.outstanding), 0)::decimal(38, 6)
            from {{ ref('cliniko__invoice_balances') }} as balances
            inner join {{ ref('cliniko__invoices') }} as invoices using (invoice_id)
            inner join {{ ref('twenty__person') }} as people on invoices.patient_id = people._patient_id
            inner join {{ source('readback', 'records') }} as found on people.id = found.id
            where invoices.excluded_by is null and not invoices.is_void
        ) as in_the_clinic,
)

select
    *,
    in_the_crm = in_the_clinic as _holds,
from sums
