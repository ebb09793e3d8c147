-- Invoices whose patient is told neither by id nor by a name and birth date that only one patient has. They are loaded
-- without a person.
{{ config(severity='warn') }}
select
    invoice_id,
    _file as file,
    _row as row,
from {{ ref('cliniko__invoices') }}
where excluded_by is null and patient_id is null
