-- What was rolled up stands in the handover files, row for row and to the cent.
with sums as (
    {% for what, amount in {'invoice': 'total', 'invoice_item': 'total', 'payment': 'amount'}.items() -%}
    select
        '{{ what }}s' as what,
        (select count(*) from {{ ref('cliniko__' ~ what ~ 's') }} where excluded_by is null) as rows_in_the_clinic,
        (select count(*) from {{ ref('handover__' ~ what ~ 's') }}) as rows_handed_over,
        (select sum({{ amount }})::decimal(18, 2) from {{ ref('cliniko__' ~ what ~ 's') }} where excluded_by is null)
            as in_the_clinic,
        (select sum({{ amount }}) from {{ ref('handover__' ~ what ~ 's') }}) as handed_over,
    {% if not loop.last %}
    union all

    {% endif -%}
    {% endfor -%}
)

select
    *,
    rows_in_the_clinic = rows_handed_over and in_the_clinic is not distinct from handed_over as _holds,
from sums
