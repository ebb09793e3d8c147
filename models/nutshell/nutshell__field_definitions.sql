-- What the load makes of `nutshell__custom_fields`: each with its choices, but those that came late.
with options as (
    select
        object,
        field as name,
        list({'label': value, 'value': value} order by value) as options,
    from {{ ref('nutshell__choices') }}
    where not is_late
    group by object, field
),

final as (
    select
        fields.object,
        fields.name,
        fields.type,
        fields.label,
        fields.description,
        case fields.kind
            when 'yes_no' then [{'label': 'Yes', 'value': 'Yes'}, {'label': 'No', 'value': 'No'}]
            else options.options
        end as options,
    from {{ ref('nutshell__custom_fields') }} as fields
    left join options using (object, name)
)

select * from final
