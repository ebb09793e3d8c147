-- One row per record and custom field that goes to the CRM; `value` is JSON, as the CRM takes it. It is null where what
-- is written does not fit the field's type.
with answers as (
    select
        fields.object,
        fields.name,
        fields.kind,
        fields.options,
        answers.owner_id,
        string_agg(distinct answers.value, '; ' order by answers.value) as answer,
    from {{ ref('twenty__custom_fields') }} as fields
    inner join {{ ref('cliniko__custom_field_values') }} as answers
        on fields.of_what = answers.of_what and list_contains(fields.field_keys, answers.field_key)
    group by fields.object, fields.name, fields.kind, fields.options, answers.owner_id
),

final as (
    select
        object,
        name,
        owner_id,
        answer,
        case kind
            when 'number' then to_json({{ amount('answer') }}) -> '$'
            when 'date' then to_json({{ day('answer') }})
            when 'yes_no' then to_json({{ flag('answer') }})
            when 'choice' then to_json(list_filter(options, lambda option: option.answer = answers.answer)[1].value)
            when 'choices'
                then to_json(
                    list_transform(
                        list_filter(
                            options, lambda option: list_contains(string_split(answers.answer, ', '), option.answer)
                        ),
                        lambda option: option.value
                    )
                )
            else to_json(replace(answer, chr(0), ''))
        end as value,
    from answers
)

select * from final
