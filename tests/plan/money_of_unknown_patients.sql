-- Invoices and payments of patients who are in no export: they stay behind. Export the patients of all time, not of a
-- range.
select
    'invoice' as record,
    invoice_id as id,
    _file as file,
    _row as row,
from {{ ref('cliniko__invoices') }}
where excluded_by = 'unknown_patient' and patient_id not in (select patient_id from {{ former_patients() }})

union all

select
    'payment' as record,
    payment_id as id,
    _file as file,
    _row as row,
from {{ ref('cliniko__payments') }}
where excluded_by = 'unknown_patient' and patient_id not in (select patient_id from {{ former_patients() }})
