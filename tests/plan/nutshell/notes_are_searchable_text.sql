-- Treatment notes become text that every user who may see the person can read and search. Should they not, set
-- `treatment_notes: files`, or `clinical_notes: exclude`.
{{ config(severity='warn', enabled=var('treatment_notes') != 'files') }}
select count(*) as treatment_notes
from {{ ref('nutshell__written_notes') }}
where kind = 'treatment note'
having count(*) > 0
