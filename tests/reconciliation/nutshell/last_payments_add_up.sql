-- The newest payment of each person, whole.
with newest as (
    select
        patient_id,
        amount,
    from {{ ref('cliniko__payments') }}
    where excluded_by is null and amount > 0
    qualify row_number() over (
        partition by patient_id
        order by paid_on desc nulls last, created_at desc nulls last, length(payment_id) desc, payment_id desc
    ) = 1
),

sums as (
    select
        sum((found.body ->> '$."Last Payment Amount".amount')::decimal(18, 2)) as in_the_crm,
        sum(newest.amount)::decimal(18, 2) as in_the_clinic,
    from {{ source('readback', 'sent') }} as sent
    inner join {{ ref('nutshell__person') }} as people on sent.key = people._key
    left join {{ source('readback', 'records') }} as found on sent.object = found.object and sent.id = found.id
    left join newest on people._patient_id = newest.patient_id
    where sent.object = 'person'
)

select
    *,
    in_the_crm is not distinct from in_the_clinic as _holds,
from sums
