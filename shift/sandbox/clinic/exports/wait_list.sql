-- Cliniko has this export; its columns are not known, so these are made up.
select
    patients.first_name || ' ' || patients.last_name as "Patient",
    patients.id as "Patient ID",
    'Standard Consultation' as "Appointment Type",
    pick(['Any', 'Mornings', 'Mon, Wed'], 'preferred days', patients.n) as "Preferred Days",
    chance(0.2, 'urgent', patients.n) as "Urgent",
    pick(free_texts(), 'waiting', patients.n) as "Notes",
    stamp(as_of() - to_days((1 + patients.n % 30)::integer)) as "Added At",
from patients
where patients.n % 40 = 7
order by patients.n
