-- Answers that are not of the type that their custom field was given: they would be lost. Give it the type text.
select
    object,
    name,
    owner_id,
from {{ ref(target.loader ~ '__custom_field_values') }}
where value is null
order by object, name, owner_id
