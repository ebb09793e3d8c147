-- Notes are to be written as their authors (`impersonate`), and a call in another user's name was refused, or taken for
-- the key's own: the notes would be the key's. Give the key user impersonation in Setup, API keys, or set
-- `impersonate: false`. How a real account shows it was never tried. Where this is accepted, the load tries, and stops
-- after the first note that is logged as another's.
{{ config(enabled=var('impersonate')) }}
select
    tried_as,
    taken_for,
from {{ source('nutshell', 'impersonation') }}
where tried_as is distinct from taken_for
