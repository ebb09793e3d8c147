-- Copies are counted by the key of their kind, as is what a newer complete export tells of no more; a record without a
-- key is nobody's copy. Visits, invoices' lines and payments without an id are told apart later, by what they say.
{% set keys = {
    'appointment_type_billable_items': 'appointment_type_billable_item_id',
    'appointment_type_products': 'appointment_type_product_id',
    'appointment_types': 'appointment_type_id',
    'appointments': 'appointment_id',
    'attendees': 'attendee_id',
    'billable_items': 'billable_item_id',
    'businesses': 'business_id',
    'communications': 'communication_id',
    'concession_types': 'concession_type_id',
    'contacts': 'contact_id',
    'group_appointments': 'appointment_id',
    'individual_appointments': 'appointment_id',
    'invoice_items': 'invoice_item_id',
    'invoices': "coalesce(invoice_id, 'number:' || ltrim(trim(invoice_number), '0'))",
    'medical_alerts': 'medical_alert_id',
    'patient_attachments': 'attachment_id',
    'patients': 'patient_id',
    'payments': 'payment_id',
    'practitioners': 'practitioner_id',
    'products': 'product_id',
    'referral_source_types': 'referral_source_type_id',
    'referral_sources': 'referral_source_id',
    'relationships': 'relationship_id',
    'treatment_note_templates': 'treatment_note_template_id',
    'treatment_notes': 'treatment_note_id',
    'users': 'user_id',
} -%}
with files as (
    select
        kind,
        count(*) as files,
        sum(rows)::bigint as rows,
        sum(unreadable)::bigint as unreadable,
        sum(landed)::bigint as landed,
    from {{ source('landing', '_files') }}
    where reason is null
    group by kind
),

copies as (
    {% for kind in ['appointment_custom_fields', 'patient_addresses'] -%}
    select
        '{{ kind }}' as kind,
        count(*) as superseded,
    from {{ source('cliniko', kind) }}
    semi join {{ files('is_replaced') }} as replaced using (_file)

    union all

    {% endfor -%}
    {% for kind, key in keys.items() -%}
    select
        '{{ kind }}' as kind,
        count({{ key }}) - count(distinct {{ key }})
        + (select count(*) from {{ replaced_keys(source('cliniko', kind), key) }}) as superseded,
    from {{ source('cliniko', kind) }}
    {% if not loop.last %}
    union all

    {% endif -%}
    {% endfor -%}
),

final as (
    select
        files.kind,
        files.files,
        files.rows,
        files.unreadable,
        coalesce(copies.superseded, 0) as superseded,
        files.landed - coalesce(copies.superseded, 0) as current,
    from files
    left join copies using (kind)
    order by files.kind
)

select * from final
