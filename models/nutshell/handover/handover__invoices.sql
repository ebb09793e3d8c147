with final as (
    select
        people.person_id,
        {{ source_system_id('invoices.patient_id') }} as cliniko_patient_id,
        patients.full_name as person,
        invoices.invoice_id as cliniko_invoice_id,
        invoices.number,
        invoices.issue_date,
        balances.status,
        invoices.total::decimal(18, 2) as total,
        invoices.tax::decimal(18, 2) as tax,
        invoices.discount::decimal(18, 2) as discount,
        balances.outstanding::decimal(18, 2) as outstanding,
        invoices.practitioner_name as practitioner,
        invoices.invoice_to,
        nullif(invoices.notes, '') as notes,
        invoices.original_invoice_id as original_invoice_id,
        {{ iso('invoices.closed_at') }} as closed_at,
        {{ iso('invoices.created_at') }} as created_at,
        {{ iso('invoices.updated_at') }} as updated_at,
    from {{ ref('cliniko__invoices') }} as invoices
    left join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    left join {{ ref('cliniko__patients') }} as patients using (patient_id)
    left join {{ ref('handover__people') }} as people
        on {{ source_system_id('invoices.patient_id') }} = people.cliniko_patient_id
    where invoices.excluded_by is null
    order by invoices.issue_date, invoices.number, invoices.invoice_id
)

select * from final
