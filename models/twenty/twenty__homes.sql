-- Where each thing of the clinic goes: loaded as a record of its own, matched with one that is there, or rolled up into
-- another. What is not here has no home yet.
with final as (
    select *
    from (
        values
        (1, 'patient', 'loaded', 'person'),
        (2, 'calendar entry', 'rolled up', 'its visits'),
        (3, 'visit', 'loaded', 'task'),
        {% if var('appointment_types') == 'object' -%}
        (4, 'appointment type', 'loaded', 'appointmentType'),
        {% else -%}
        (4, 'appointment type', 'rolled up', 'a choice on the task'),
        {% endif -%}
        (5, 'treatment note', 'loaded', 'note'),
        (6, 'message', 'loaded', 'note'),
        (7, 'practitioner', 'matched', 'workspaceMember'),
        (8, 'company', 'loaded', 'company'),
        (9, 'contact of a company', 'rolled up', 'company'),
        (10, 'contact without a company', 'rolled up', 'text on the person'),
        (11, 'clinic site', 'rolled up', 'text on the task'),
        (12, 'product or service', 'loaded', 'product'),
        (13, 'invoice', 'loaded', 'invoice'),
        {% if var('invoice_lines') == 'object' -%}
        (14, 'line of an invoice', 'loaded', 'invoiceLineItem'),
        {% else -%}
        (14, 'line of an invoice', 'rolled up', 'text on the invoice'),
        {% endif -%}
        (15, 'payment', 'loaded', 'payment'),
        (16, 'file of a patient', 'loaded', 'attachment')
    ) as listed (place, thing, fate, home)
)

select * from final
