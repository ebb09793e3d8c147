-- Insurance has no columns of its own in Cliniko: the setting `insurance` says which custom fields hold it.
with final as (
    select
        patient_id,
        {% for what in ['provider', 'member_id', 'policy', 'group'] -%}
        {% set label = var('insurance').get(what) -%}
        {% if label -%}
        first(value order by position) filter (where label_folded = {{ folded(literal(label)) }}) as {{ what }}_text,
        {% else -%}
        null::varchar as {{ what }}_text,
        {% endif -%}
        {% endfor -%}
    from {{ ref('cliniko__patient_custom_fields') }}
    group by patient_id
)

select * from final
