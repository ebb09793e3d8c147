-- The fields that are made for custom fields of patients; those of visits have none, and stand in the description of
-- their activity. A label that is taken gets another.
with grouped as (
    select *
    from {{ ref('cliniko__field_groups') }}
    where of_what = 'patient'
),

free as (
    select
        * exclude (label),
        case
            when lower(label) in (
                {% for name in nutshell_names().split(',') -%}
                '{{ name | trim }}',
                {% endfor -%}
                ''
            ) then label || ' (custom)'
            else label
        end as label,
    from grouped
),

told_apart as (
    select
        * exclude (label),
        {{ numbered('label', 'row_number() over same_label') }} as label,
    from free
    window same_label as (partition by lower(label) order by label_folded, told_apart_by)
),

there as (
    select
        name as label,
        type,
        list_transform(
            from_json(coalesce(options, '[]'), '[{"value": "VARCHAR"}]'), lambda option: {{ folded('option.value') }}
        ) as choices,
    from {{ source('nutshell', 'fields') }}
    where object = 'person'
),

-- What a guess made stays what it is: a new answer may be of no type that the field takes, but it changes no field.
pinned as (
    select
        told_apart.* exclude (kind),
        case
            when not told_apart.is_guessed then told_apart.kind
            when there.type = 'Date' then 'date'
            when there.type = 'Decision' and list_has_all(['yes', 'no'], there.choices) then 'yes_no'
            when there.type = 'Decision' then 'choice'
            when there.type in ('Text', 'LongText') and told_apart.kind in ('date', 'yes_no', 'choice') then 'text'
            else told_apart.kind
        end as kind,
        case when told_apart.is_guessed and there.type in ('Text', 'LongText') then there.type end as type_of_text,
    from told_apart
    left join there using (label)
),

final as (
    select
        'person' as object,
        label as name,
        -- What Nutshell's API calls a field of numbers is not known, nor how it takes several choices at once.
        case
            when kind = 'date' then 'Date'
            when kind in ('yes_no', 'choice') then 'Decision'
            when type_of_text is not null then type_of_text
            when kind = 'text' then 'LongText'
            else 'Text'
        end as type,
        label,
        case kind
            when 'number' then 'A custom field of Cliniko: a number, as text.'
            when 'choices' then 'A custom field of Cliniko: several choices, as one text.'
            else 'A custom field of Cliniko.'
        end as description,
        of_what,
        kind,
        field_keys,
    from pinned
)

select * from final
