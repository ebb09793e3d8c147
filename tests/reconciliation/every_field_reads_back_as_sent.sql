select *
from {{ source('readback', 'differences') }}
