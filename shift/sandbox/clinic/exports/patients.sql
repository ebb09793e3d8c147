-- The file of 2026 guards long ids against spreadsheets: ="1558354464010667075".
select * replace (guarded("Patient ID") as "Patient ID", guarded("Business Id") as "Business Id")
from patient_records
