-- Rows that say who or what they are in no way: they stay behind.
select
    'patient' as record,
    _file as file,
    _row as row,
from {{ ref('cliniko__patients') }}
where excluded_by = 'no_id'

union all

select
    'treatment note' as record,
    _file as file,
    _row as row,
from {{ ref('cliniko__treatment_notes') }}
where excluded_by = 'no_id'

union all

select
    'contact' as record,
    _file as file,
    _row as row,
from {{ ref('cliniko__contacts') }}
where excluded_by = 'no_id'

union all

select
    'invoice' as record,
    _file as file,
    _row as row,
from {{ ref('cliniko__invoices') }}
where excluded_by = 'no_id'
