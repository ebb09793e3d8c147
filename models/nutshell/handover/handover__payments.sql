-- One row per payment; what it paid is told by invoice, and what it left as credit.
with paid as (
    select
        allocations.payment_id,
        string_agg(
            coalesce('invoice ' || invoices.number, 'credit') || ': ' || allocations.amount::decimal(18, 2), '; '
            order by invoices.issue_date, invoices.number, allocations.allocation_id
        ) as paid_for,
    from {{ ref('cliniko__payment_allocations') }} as allocations
    left join {{ ref('cliniko__invoices') }} as invoices using (invoice_id)
    group by allocations.payment_id
),

final as (
    select
        people.person_id,
        {{ source_system_id('payments.patient_id') }} as cliniko_patient_id,
        coalesce(patients.full_name, payments.patient_name) as person,
        payments.payment_id as cliniko_payment_id,
        payments.paid_on,
        payments.amount::decimal(18, 2) as amount,
        payments.method,
        paid.paid_for,
        payments.notes,
        {{ iso('payments.created_at') }} as created_at,
        {{ iso('payments.updated_at') }} as updated_at,
    from {{ ref('cliniko__payments') }} as payments
    left join paid using (payment_id)
    left join {{ ref('cliniko__patients') }} as patients using (patient_id)
    left join {{ ref('handover__people') }} as people
        on {{ source_system_id('payments.patient_id') }} = people.cliniko_patient_id
    where payments.excluded_by is null
    order by payments.paid_on, payments.payment_id
)

select * from final
