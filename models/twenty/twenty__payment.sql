-- A payment over several invoices is one row for each; what pays none is a row without an invoice.
with final as (
    select
        {{ record_id('payment', 'allocations.allocation_id') }} as id,
        {{ source_system_id('allocations.allocation_id') }} as sourceSystemId,
        coalesce(payments.method, 'Payment') || coalesce(' for invoice ' || invoices.number, '') as name,
        {{ money('allocations.amount') }} as amount,
        payments.paid_on as paidAt,
        payments.method,
        case
            when allocations.amount < 0 then 'REFUNDED'
            when balances.outstanding <= 0 then 'FULLY_PAID'
            when balances.outstanding > 0 then 'PARTIALLY_PAID'
        end as status,
        payments.notes,
        invoices.id as invoiceId,
        people.id as personId,
        {{ iso('payments.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('payments.created_at') }} as clinikoCreatedAt,
        {{ iso('payments.updated_at') }} as clinikoUpdatedAt,
        allocations.allocation_id as _allocation_id,
    from {{ ref('cliniko__payment_allocations') }} as allocations
    inner join {{ ref('cliniko__payments') }} as payments using (payment_id)
    left join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    left join {{ ref('twenty__invoice') }} as invoices on allocations.invoice_id = invoices._invoice_id
    left join {{ ref('twenty__person') }} as people on payments.patient_id = people._patient_id
)

select * from final
