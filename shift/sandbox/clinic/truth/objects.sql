-- How many records of each kind the clinic has, whatever the number of files and copies.
from (
    values
    ('patients', (select count(*) from patients)),
    ('practitioners', (select count(*) from practitioners)),
    ('businesses', (select count(*) from businesses)),
    ('contacts', (select count(*) from contacts)),
    ('companies', (select count(distinct (company, city)) from contacts where company is not null)),
    ('appointment_types', (select count(*) from appointment_types)),
    ('billable_items', (select count(*) from billable_items)),
    ('products', (select count(*) from products)),
    ('appointments', (select count(*) from appointments where size > 0)),
    ('unavailable_times', (select count(*) from appointments where size = 0)),
    ('attendances', (select count(*) from attendances)),
    ('treatment_notes', (select count(*) from treatment_notes)),
    ('draft_notes', (select count(*) from treatment_notes where draft)),
    ('invoices', (select count(*) from invoices)),
    ('invoice_items', (select count(*) from invoice_items)),
    ('payments', (select count(*) from payments)),
    ('allocations', (select count(*) from allocated)),
    ('attachments', (select count(*) from attachments)),
    ('patient_addresses', (select count(*) from patient_addresses)),
    ('appointment_custom_fields', (select count(*) from appointment_fields))
) as counted (object, records)
