select
    id as "ID",
    user_id as "User ID",
    title as "Title",
    first_name as "First Name",
    last_name as "Last Name",
    name as "Display Name",
    designation as "Designation",
    email as "Email",
    role as "Role",
    active as "Active",
from practitioners
order by n
