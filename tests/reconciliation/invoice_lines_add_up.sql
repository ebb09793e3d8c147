{% if var('invoice_lines') == 'object' -%}
{{ row_equation(
    'invoiceLineItem', ref('twenty__invoice_line_item'), 'sourceSystemId', ref('cliniko__invoice_items')
) }}
{%- else -%}
-- Told on their invoices they are no records: each that stays in is a line of its invoice's text.
with lines as (
    select
        invoice_id,
        count(*) as lines,
    from {{ ref('cliniko__invoice_items') }}
    where excluded_by is null
    group by invoice_id
)

select
    lines.invoice_id,
    lines.lines,
    invoices.lineSummary,
from lines
left join {{ ref('twenty__invoice') }} as invoices on lines.invoice_id = invoices._invoice_id
where lines.lines is distinct from len(string_split(invoices.lineSummary, chr(10)))
{%- endif %}
