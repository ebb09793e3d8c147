-- What a payment pays, and what it leaves as credit, is the payment.
with allocated as (
    select
        payment_id,
        sum(amount) as amount,
    from {{ ref('cliniko__payment_allocations') }}
    group by payment_id
)

select
    payments.payment_id,
    payments.amount,
    allocated.amount as allocated,
from {{ ref('cliniko__payments') }} as payments
left join allocated using (payment_id)
where payments.excluded_by is null and coalesce(payments.amount, 0) != coalesce(allocated.amount, 0)
