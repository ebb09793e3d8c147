-- What no CRM takes over, and what to build in its place.
with listed as (
    select *
    from (
        values
        (1, 'SMS credits', 'They belong to the Cliniko account.', 'An account with a provider of text messages.'),
        (
            2,
            'telehealth sessions and fees',
            'They belong to the Cliniko account.',
            'A video service; appointments say in their type that they were telehealth.'
        ),
        (
            3,
            'reminder automations',
            'They are settings of Cliniko, in no export.',
            'Reminders in the tool that keeps the calendar; each person says how they were reminded.'
        ),
        (4, 'form templates', 'They are in no export.', 'Forms in a form service, field by field.'),
        (
            5,
            'online-booking settings',
            'They are in no export.',
            'Opening hours, types and practitioners where bookings are made.'
        )
        {%- if target.loader == 'nutshell' %},
        (
            6,
            'product catalogue',
            'Products of Nutshell''s hang on leads, not on people.',
            'products.csv beside this file is the price list.'
        ),
        (7, 'deals and line items', 'No record of Cliniko''s is a deal.', 'invoice_items.csv has all that was billed.'),
        (
            8,
            'billing',
            'No API makes invoices in Nutshell.',
            'An accounting program: invoices.csv, invoice_items.csv and payments.csv hold all that was billed and paid.'
        )
        {%- endif %}
    ) as never (place, what, why, instead)
),

final as (
    select
        what,
        why,
        instead,
    from listed
    order by place
)

select * from final
