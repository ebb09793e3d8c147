-- What hangs on each patient, in one row: visits, money, and the service that they were billed for most often. Invoices
-- that were archived or deleted count nowhere; the payments that once settled them did come in.
with visits as (
    select
        patient_id,
        max(starts_at) filter (where starts_at <= as_of and status != 'Cancelled') as last_appointment_at,
        min(starts_at) filter (where starts_at > as_of and status != 'Cancelled') as next_appointment_at,
        arg_max(status, (starts_at, attendance_id)) filter (where starts_at <= as_of) as last_appointment_status,
        -- Who saw them last; who is to see them first, where nobody did yet.
        coalesce(
            arg_max(practitioner_id, (starts_at, attendance_id))
                filter (where starts_at <= as_of and status not in ('Cancelled', 'No Show')),
            arg_min(practitioner_id, (starts_at, attendance_id)) filter (where starts_at > as_of)
        ) as last_practitioner_id,
    from {{ ref('cliniko__attendances') }}
    cross join {{ ref('cliniko__as_of') }}
    where excluded_by is null
    group by patient_id
),

invoices as (
    select *
    from {{ ref('cliniko__invoices') }}
    where excluded_by is null and not is_void
),

invoiced as (
    select
        invoices.patient_id,
        sum(invoices.total) as total_invoiced,
        -- Where one of them is not known, neither is the sum.
        case when count(*) = count(balances.outstanding) then sum(balances.outstanding) end as balance_due,
    from invoices
    inner join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    group by invoices.patient_id
),

-- Money that went back is no payment of theirs.
paid as (
    select
        patient_id,
        max(paid_on) as last_payment_on,
        arg_max(
            amount,
            (coalesce(paid_on, '-infinity'), coalesce(created_at, '-infinity'), length(payment_id), payment_id)
        ) as last_payment_amount,
    from {{ ref('cliniko__payments') }}
    where excluded_by is null and amount > 0
    group by patient_id
),

credit as (
    select
        payments.patient_id,
        sum(allocations.amount) as credit,
    from {{ ref('cliniko__payment_allocations') }} as allocations
    inner join {{ ref('cliniko__payments') }} as payments using (payment_id)
    where allocations.invoice_id is null
    group by payments.patient_id
),

-- A line is a service unless it is known to sell a product; what was taken back was not billed.
billed as (
    select
        invoices.patient_id,
        coalesce(products.name, items.name) as service,
        {{ folded('service') }} as service_folded,
        invoices.issue_date,
    from {{ ref('cliniko__invoice_items') }} as items
    inner join invoices using (invoice_id)
    left join {{ ref('cliniko__products') }} as products using (product_id)
    where
        items.excluded_by is null
        and coalesce(items.quantity, 1) > 0
        and coalesce(items.total, 0) >= 0
        and lower(coalesce(products.kind, items.kind, 'service')) != 'product'
),

services as (
    select
        patient_id,
        service_folded,
        min(service) as service,
        count(*) as times,
        max(issue_date) as last_billed_on,
    from billed
    where service_folded is not null
    group by patient_id, service_folded
),

primary_services as (
    select
        patient_id,
        arg_max(service, (times, coalesce(last_billed_on, '-infinity'), service_folded)) as primary_service,
    from services
    group by patient_id
),

final as (
    select
        patients.patient_id,
        coalesce(visits.last_appointment_at, patients.last_appointment_at) as last_appointment_at,
        coalesce(visits.next_appointment_at, patients.next_appointment_at) as next_appointment_at,
        visits.last_appointment_status,
        visits.last_practitioner_id,
        invoiced.total_invoiced,
        invoiced.balance_due,
        coalesce(patients.account_credit, credit.credit) as credit,
        paid.last_payment_on,
        paid.last_payment_amount,
        primary_services.primary_service,
    from {{ ref('cliniko__patients') }} as patients
    left join visits using (patient_id)
    left join invoiced using (patient_id)
    left join paid using (patient_id)
    left join credit using (patient_id)
    left join primary_services using (patient_id)
    where patients.excluded_by is null
)

select * from final
