-- The CRM refuses a second person with the same primary address, and with that person the whole batch.
select emails.primaryEmail as email
from {{ ref('twenty__person') }}
where emails.primaryEmail is not null
group by emails.primaryEmail
having count(*) > 1
