-- What the API gives in another form is not missing.
{% set stand_ins = {'appointments': ['individual_appointments', 'group_appointments']} -%}
with landed as (
    select distinct kind from {{ ref('cliniko__exports') }}
),

final as (
    select
        kind as without,
        if_missing as cost,
    from {{ source('landing', '_kinds') }}
    where
        not from_api
        and left_out is null
        and kind not in (select kind from landed)
        {% for kind, others in stand_ins.items() -%}
        and not (
            kind = '{{ kind }}'
            and exists (select 1 from landed where landed.kind in ('{{ others | join("', '") }}'))
        )
        {%- endfor %}
    order by kind
)

select * from final
