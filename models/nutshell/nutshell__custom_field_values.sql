-- One row per patient and custom field that goes to the CRM; `value` is null where the answer does not fit the field's
-- type. A choice that came late is held back: the field keeps what it says.
with final as (
    select
        answers.object,
        answers.name,
        answers.owner_id,
        answers.answer,
        case answers.kind
            when 'date' then {{ day('answers.answer') }}::varchar
            when 'yes_no' then coalesce(late.kept, {{ yes_or_no(flag('answers.answer')) }})
            when 'choice' then coalesce(late.kept, choices.value)
            else answers.answer
        end as value,
    from {{ ref('nutshell__field_answers') }} as answers
    left join {{ ref('nutshell__choices') }} as choices
        on answers.name = choices.field
        and {{ folded('answers.choice') }} = choices.value_folded
    left join {{ ref('nutshell__late_choices') }} as late
        on answers.name = late.field and answers.owner_id = late.owner_id
    where choices.is_late is not true or late.kept is not null
)

select * from final
