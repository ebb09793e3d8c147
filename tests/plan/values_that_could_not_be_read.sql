-- Times, days and amounts that are written, and that could not be read: they would go as nothing. A spreadsheet may
-- have spoilt them: export them again.
{% set written = {
    'appointments': {'start_time': instant, 'end_time': instant},
    'invoices': {'issue_date': day, 'invoice_amount': amount, 'amount_outstanding': amount},
    'invoice_items': {'quantity': amount, 'unit_price': amount, 'total': amount},
    'payments': {'payment_date': day, 'amount': amount},
} -%}
with cells as (
    {% for kind, columns in written.items() -%}
    {% set last_kind = loop.last -%}
    {% for column, read in columns.items() -%}
    select
        '{{ kind }}' as kind,
        '{{ column }}' as column_name,
        written._file as file,
        written._row as row,
    from {{ source('cliniko', kind) }} as written
    semi join {{ ref('cliniko__' ~ kind) }} as current using (_file, _row)
    where {{ trimmed('written.' ~ column) }} is not null and {{ read('trim(written.' ~ column ~ ')') }} is null
    {% if not (last_kind and loop.last) %}
    union all

    {% endif -%}
    {% endfor -%}
    {% endfor -%}
)

select *
from cells
order by kind, column_name, file, row
