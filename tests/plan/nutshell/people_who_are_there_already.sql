-- People in Nutshell with the name and an e-mail address of a patient, and companies with the name and a domain of a
-- contact's. They stay apart, unless `existing_people: link` says that they are one.
{{ config(severity='warn', enabled=var('existing_people') == 'separate') }}
select
    'patient' as what,
    patient_id as cliniko_id,
    id,
from {{ ref('nutshell__existing_people') }}

union all

select
    'company' as what,
    company_id as cliniko_id,
    id,
from {{ ref('nutshell__existing_companies') }}
order by all
