-- A payment goes out once for each invoice that it pays; one that nothing was made of is a row too many.
{% set clinic -%}
(
    select payments.excluded_by
    from {{ ref('cliniko__payments') }} as payments
    left join {{ ref('cliniko__payment_allocations') }} as allocations using (payment_id)
)
{%- endset %}
{{ row_equation('payment', ref('twenty__payment'), 'sourceSystemId', clinic) }}
