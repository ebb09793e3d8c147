-- Automations of the workspace wake up for records that a load writes, and may change them or make others of their own.
-- Stop them in the CRM's settings until the load is done.
select
    workflow,
    event,
from {{ source('twenty', 'automations') }}
where
    split_part(event, '.', 1) in (
        'appointmentType',
        'company',
        'invoice',
        'invoiceLineItem',
        'note',
        'noteTarget',
        'payment',
        'person',
        'product',
        'task',
        'taskTarget',
    )
order by workflow, event
