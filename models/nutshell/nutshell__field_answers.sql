-- What is written in each field, as Cliniko has it; and of a field of choices, the one that it stands for.
with answers as (
    select
        fields.object,
        fields.name,
        fields.kind,
        answers.owner_id,
        string_agg(distinct answers.value, '; ' order by answers.value) as answer,
    from {{ ref('nutshell__custom_fields') }} as fields
    inner join {{ ref('cliniko__custom_field_values') }} as answers
        on fields.of_what = answers.of_what and list_contains(fields.field_keys, answers.field_key)
    group by fields.object, fields.name, fields.kind, answers.owner_id
),

final as (
    select
        *,
        case kind
            when 'yes_no' then coalesce({{ yes_or_no(flag('answer')) }}, answer)
            when 'choice' then answer
        end as choice,
    from answers
)

select * from final
