-- What is to be seen of a clinic in a sample of it: one row per patient and trait. A sample takes patients until every
-- trait is seen, so add a line for what you would not load without having looked at it.
with attendances as (
    select *
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null
),

invoices as (
    select *
    from {{ ref('cliniko__invoices') }}
    where excluded_by is null
),

payments as (
    select
        payments.patient_id,
        payments.amount,
        count(allocations.invoice_id) as invoices,
    from {{ ref('cliniko__payments') }} as payments
    left join {{ ref('cliniko__payment_allocations') }} as allocations using (payment_id)
    where payments.excluded_by is null
    group by payments.payment_id, payments.patient_id, payments.amount
),

notes as (
    select *
    from {{ ref('cliniko__treatment_notes') }}
    where excluded_by is null
),

told as (
    select
        patient_id,
        'practitioner ' || coalesce(practitioner_id, practitioner_name) as trait,
    from attendances
    union
    select
        patient_id,
        'practitioner ' || practitioner_id as trait,
    from notes
    union
    select
        patient_id,
        'appointment type ' || coalesce(appointment_type_id, appointment_type_name) as trait,
    from attendances
    union
    select
        patient_id,
        'visit ' || status as trait,
    from attendances
    union
    select
        patient_id,
        'clinic ' || location as trait,
    from attendances
    union
    select
        patient_id,
        'visit of a group' as trait,
    from attendances
    where is_group
    union
    select
        invoices.patient_id,
        'invoice ' || balances.status as trait,
    from invoices
    inner join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    union
    select
        patient_id,
        case
            when amount < 0 then 'refund'
            when invoices = 0 then 'payment of no invoice'
            when invoices = 1 then 'payment of one invoice'
            else 'payment of several invoices'
        end as trait,
    from payments
    union
    select
        patient_id,
        'note ' || coalesce(template, 'without a template') as trait,
    from notes
    union
    select
        owner_id as patient_id,
        'field ' || label_folded as trait,
    from {{ ref('cliniko__custom_field_values') }}
    where of_what = 'patient'
    union
    select
        patient_id,
        'shared ' || kind as trait,
    from {{ ref('cliniko__patient_contacts') }}
    where shared_with > 0
    union
    select
        patient_id,
        'attached file' as trait,
    from {{ ref('cliniko__attachments') }}
    where excluded_by is null
),

final as (
    select
        told.patient_id,
        told.trait,
    from told
    inner join {{ ref('cliniko__patients') }} as patients using (patient_id)
    where patients.excluded_by is null and told.trait is not null
)

select * from final
