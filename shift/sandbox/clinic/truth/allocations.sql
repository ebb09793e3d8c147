-- Payments by the invoices that they settle; without an invoice, what stays with the patient as credit.
select
    payments.id as payment_id,
    invoices.id as invoice_id,
    patients.id as patient_id,
    allocated.amount,
    payments.paid_on as paid_at,
from allocated
inner join payments on allocated.payment = payments.n
inner join patients on allocated.patient = patients.n
left join invoices on allocated.invoice = invoices.n
order by allocated.payment, allocated.invoice nulls last
