-- What Cliniko computes for each patient: visits that were not cancelled, and money.
create table patient_visits as
select
    attendances.patient,
    min(starts_at) as first_visit,
    max(starts_at) filter (where starts_at < as_of()) as last_visit,
    min(starts_at) filter (where starts_at >= as_of()) as next_visit,
    arg_min(practitioner, (starts_at, appointments.n)) as first_practitioner,
    arg_max(practitioner, (starts_at, appointments.n)) filter (where starts_at < as_of()) as last_practitioner,
    arg_max(business, (starts_at, appointments.n)) filter (where starts_at < as_of()) as last_business,
from attendances
inner join appointments on attendances.appointment = appointments.n
where appointments.cancelled_at is null
group by attendances.patient;

create table patient_money as
select
    patients.n as patient,
    coalesce(credit.amount, 0) as credit,
    coalesce(owing.amount, 0) as owing,
from patients
left join (
    select patient, sum(amount) as amount from allocated where invoice is null group by patient
) as credit on patients.n = credit.patient
left join (
    select invoices.patient, sum(balances.outstanding) as amount
    from invoices
    inner join balances on invoices.n = balances.invoice
    group by invoices.patient
) as owing on patients.n = owing.patient;
