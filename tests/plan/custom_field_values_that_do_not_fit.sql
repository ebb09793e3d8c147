-- Answers that are not of the type that their custom field was given, or has in the CRM by now: they would be lost. A
-- field that is not there yet may be given the type text; else accept this, and the rest of each record goes.
select
    object,
    name,
    owner_id,
from {{ ref(target.loader ~ '__custom_field_values') }}
where value is null
order by object, name, owner_id
