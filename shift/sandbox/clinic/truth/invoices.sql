select
    invoices.id as invoice_id,
    invoices.number,
    invoices.issued as issue_date,
    patients.id as patient_id,
    appointments.id as appointment_id,
    balances.total,
    balances.tax,
    balances.outstanding,
    invoice_status(balances.outstanding, invoices.n) as status,
from invoices
inner join balances on invoices.n = balances.invoice
inner join patients on invoices.patient = patients.n
inner join appointments on invoices.visit = appointments.n
order by invoices.n
