select
    invoices.id as "Invoice ID",
    invoices.number as "Invoice Number",
    invoices.issued as "Issue Date",
    patients.first_name || ' ' || patients.last_name as "Patient",
    patients.id as "Patient ID",
    patients.birth_date_written as "Patient Date of Birth",
    case when patients.payer is not null then 'Claim #' || (100000 + patients.n) end as "Extra Patient Info",
    practitioners.name as "Practitioner",
    practitioners.id as "Practitioner ID",
    businesses.name as "Business",
    businesses.id as "Business ID",
    money(balances.total) as "Invoice Amount",
    money(balances.tax) as "Tax Amount",
    money(balances.net) as "Net Amount",
    money(balances.discount) as "Discount",
    money(balances.outstanding) as "Amount Outstanding",
    invoice_status(balances.outstanding, invoices.n) as "Status",
    coalesce(patients.payer || E'\nClaims department', patients.first_name || ' ' || patients.last_name)
    as "Invoice To",
    sometimes(0.03, free_texts(), 'invoice note', invoices.n) as "Notes",
    stamp(invoices.created) as "Created At",
    stamp(invoices.created) as "Updated At",
from invoices
inner join balances on invoices.n = balances.invoice
inner join patients on invoices.patient = patients.n
inner join practitioners on invoices.practitioner = practitioners.n
inner join businesses on invoices.business = businesses.n
order by invoices.number
