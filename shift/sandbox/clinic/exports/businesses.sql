select
    id as "ID",
    name as "Name",
    address_1 as "Address1",
    city as "City",
    state as "State",
    post_code as "Post code",
    'Australia' as "Country",
    'Australia/Melbourne' as "Time Zone",
from businesses
order by n
