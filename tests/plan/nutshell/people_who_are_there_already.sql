-- People in Nutshell with the name and an e-mail address of a patient. They stay apart, unless `existing_people: link`
-- says that they are one.
{{ config(severity='warn', enabled=var('existing_people') == 'separate') }}
select
    patient_id,
    id,
from {{ ref('nutshell__existing_people') }}
order by patient_id
