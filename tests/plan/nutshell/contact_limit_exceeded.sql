-- More people than Nutshell's plan allows, after the setting `contact_limit`. Choose a larger plan, or leave patients
-- behind by `scope`.
select
    there,
    to_come,
    {{ var('contact_limit') or 'null' }} as contact_limit,
from {{ people_to_come() }}
where there + to_come > {{ var('contact_limit') or 'null' }}
