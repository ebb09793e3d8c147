-- What is to be seen of a clinic in a sample of it: one row per patient and trait. A sample takes patients until every
-- trait is seen, so add a line for what you would not load without having looked at it.
{% set traits = [
    ('attendances', "'practitioner ' || coalesce(practitioner_id, practitioner_name)"),
    ('notes', "'practitioner ' || practitioner_id"),
    ('attendances', "'appointment type ' || coalesce(appointment_type_id, appointment_type_name)"),
    ('attendances', "'visit ' || status"),
    ('attendances', "'clinic ' || location"),
    ('attendances', "case when is_group then 'visit of a group' end"),
    ('invoices', "'invoice ' || status"),
    ('payments', "case when amount < 0 then 'refund' else 'payment of ' || invoices end"),
    ('notes', "'note ' || coalesce(template, 'without a template')"),
    ('answers', "'field ' || label_folded"),
    (ref('cliniko__patient_contacts'), "case when shared_with > 0 then 'shared ' || kind end"),
    (ref('cliniko__attachments'), "case when excluded_by is null then 'attached file' end"),
] -%}
with attendances as (
    select *
    from {{ ref('cliniko__attendances') }}
    where excluded_by is null
),

invoices as (
    select
        invoices.patient_id,
        balances.status,
    from {{ ref('cliniko__invoices') }} as invoices
    inner join {{ ref('cliniko__invoice_balances') }} as balances using (invoice_id)
    where invoices.excluded_by is null
),

payments as (
    select
        payments.patient_id,
        payments.amount,
        case count(allocations.invoice_id)
            when 0 then 'no invoice'
            when 1 then 'one invoice'
            else 'several invoices'
        end as invoices,
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

answers as (
    select
        owner_id as patient_id,
        label_folded,
    from {{ ref('cliniko__custom_field_values') }}
    where of_what = 'patient'
),

told as (
    {% for relation, trait in traits -%}
    select
        patient_id,
        {{ trait }} as trait,
    from {{ relation }}
    {% if not loop.last -%}
    union
    {% endif -%}
    {% endfor -%}
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
