-- The API tells of no payments, and so not of what is still open.
select
    invoices.id,
    appointments.id as appointment_id,
    null as archived_at,
    null as attendee_id,
    businesses.id as business_id,
    null as calculation_method,
    null as calculation_method_description,
    null as closed_at,
    iso(invoices.created) as created_at,
    null as deleted_at,
    money(balances.discount) as discounted_amount,
    coalesce(patients.payer || E'\nClaims department', patients.first_name || ' ' || patients.last_name) as invoice_to,
    invoices.issued as issue_date,
    money(balances.net) as net_amount,
    sometimes(0.03, free_texts(), 'invoice note', invoices.n) as notes,
    invoices.number,
    null as online_payment_url,
    null as original_invoice_id,
    patients.id as patient_id,
    case when patients.payer is not null then 'Claim #' || (100000 + patients.n) end as patient_extra_information,
    practitioners.id as practitioner_id,
    null as signature_id,
    map {'Open': 10, 'Paid': 20, 'Closed': 30, 'Open credit': 40}[invoice_status(balances.outstanding, invoices.n)] as status,
    invoice_status(balances.outstanding, invoices.n) as status_description,
    money(balances.tax) as tax_amount,
    money(balances.total) as total_amount,
    iso(invoices.created) as updated_at,
from invoices
inner join balances on invoices.n = balances.invoice
inner join appointments on invoices.visit = appointments.n
inner join patients on invoices.patient = patients.n
inner join practitioners on invoices.practitioner = practitioners.n
inner join businesses on invoices.business = businesses.n
order by invoices.number
