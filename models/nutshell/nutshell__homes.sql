-- Where each thing of the clinic goes: loaded as a record of its own, matched with one that is there, or rolled up into
-- another. What is not here has no home.
with final as (
    select *
    from (
        values
        (1, 'patient', 'loaded', 'person'),
        (2, 'calendar entry', 'rolled up', 'its visits'),
        (3, 'visit', 'loaded', 'activity'),
        (4, 'appointment type', 'rolled up', 'the type of its activities, handover/appointment_types.csv'),
        {% if var('treatment_notes') == 'notes' -%}
        (5, 'treatment note', 'loaded', 'note'),
        {% elif var('treatment_notes') == 'activities' -%}
        (5, 'treatment note', 'loaded', 'activity'),
        {% else -%}
        (5, 'treatment note', 'rolled up', 'a file of the handover folder'),
        {% endif -%}
        (6, 'message', 'loaded', 'note'),
        (7, 'practitioner', 'matched', 'user'),
        (8, 'company', 'loaded', 'company'),
        (9, 'contact of a company', 'rolled up', 'company'),
        (10, 'contact without a company', 'rolled up', 'text on the person'),
        {% if var('locations') == 'companies' -%}
        (11, 'clinic site', 'loaded', 'company'),
        {% else -%}
        (11, 'clinic site', 'rolled up', 'text on the activity, handover/clinic_sites.csv'),
        {% endif -%}
        (12, 'product or service', 'rolled up', 'handover/products.csv'),
        (13, 'invoice', 'rolled up', 'sums on the person, handover/invoices.csv'),
        (14, 'line of an invoice', 'rolled up', 'handover/invoice_items.csv'),
        (15, 'payment', 'rolled up', 'sums on the person, handover/payments.csv'),
        {% if var('attachments') == 'lead_upload' -%}
        (16, 'file of a patient', 'loaded', 'note and file')
        {% else -%}
        (16, 'file of a patient', 'loaded', 'note')
        {% endif -%}
    ) as listed (place, thing, fate, home)
)

select * from final
