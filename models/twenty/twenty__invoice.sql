with invoices as (
    select *
    from {{ ref('cliniko__invoices') }}
    where excluded_by is null
),

lines as (
    select
        items.invoice_id,
        count(*) as lines,
        string_agg(
            concat_ws(
                ' ',
                regexp_replace(items.quantity::varchar, '\.?0+$', '') || ' ×',
                items.name,
                '= ' || items.total::decimal(18, 2)
            ),
            chr(10) order by items.position, items.invoice_item_id
        ) as summary,
        max(coalesce(products.name, items.name)) as product_name,
        max(items.quantity) as quantity,
    from {{ ref('cliniko__invoice_items') }} as items
    left join {{ ref('cliniko__products') }} as products using (product_id)
    where items.excluded_by is null
    group by items.invoice_id
),

final as (
    select
        {{ record_id('invoice', 'invoices.invoice_id') }} as id,
        {{ source_system_id('invoices.invoice_id') }} as sourceSystemId,
        coalesce(invoices.number, invoices.invoice_id) as name,
        invoices.number,
        invoices.issue_date as issueDate,
        {{ iso('invoices.closed_at') }} as closedAt,
        {{ money('invoices.total') }} as totalAmount,
        {{ money('balances.outstanding') }} as outstandingAmount,
        {{ money('invoices.tax') }} as taxAmount,
        {{ money('invoices.discount') }} as discountAmount,
        statuses.value as status,
        people.id as personId,
        tasks.id as appointmentId,
        members.id as practitionerId,
        invoices.practitioner_name as practitionerName,
        coalesce(originals.number, invoices.original_invoice_id) as originalInvoice,
        invoices.invoice_to as invoiceTo,
        nullif(invoices.notes, '') as notes,
        lines.summary as lineSummary,
        case when lines.lines = 1 then lines.product_name end as productName,
        case when lines.lines = 1 then lines.quantity end as quantity,
        {{ iso('invoices.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('invoices.created_at') }} as clinikoCreatedAt,
        {{ iso('invoices.updated_at') }} as clinikoUpdatedAt,
        invoices.practitioner_id as _practitioner_id,
        invoices.invoice_id as _invoice_id,
    from invoices
    left join lines using (invoice_id)
    left join {{ ref('cliniko__invoices') }} as originals on invoices.original_invoice_id = originals.invoice_id
    left join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    left join {{ ref('cliniko__invoice_status') }} as statuses on {{ folded('balances.status') }} = statuses.name_folded
    left join {{ ref('twenty__person') }} as people on invoices.patient_id = people._patient_id
    left join {{ tasks_by_appointment() }} as tasks
        on invoices.appointment_id = tasks._appointment_id and people.id = tasks._person_id
    left join {{ ref('twenty__workspace_member') }} as members on invoices.practitioner_id = members._practitioner_id
)

select * from final
