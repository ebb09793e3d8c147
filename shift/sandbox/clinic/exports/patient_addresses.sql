select
    patients.id as "Patient ID",
    patient_addresses.type as "Address Type",
    patient_addresses.address_1 as "Address1",
    null as "Address2",
    null as "Address3",
    patient_addresses.suburb.city as "City",
    'VIC' as "State",
    patient_addresses.suburb.post_code as "Post code",
    'Australia' as "Country",
from patient_addresses
inner join patients on patient_addresses.patient = patients.n
order by patients.n
