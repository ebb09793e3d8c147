-- Patients who look like one person. They are loaded apart: only Cliniko may merge them.
{{ config(severity='warn') }}
select *
from {{ ref('audit__duplicates') }}
