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

final as (
    select
        'person' as object,
        label as name,
        -- What Nutshell's API calls a field of numbers is not known, nor how it takes several choices at once.
        case kind
            when 'date' then 'Date'
            when 'yes_no' then 'Decision'
            when 'choice' then 'Decision'
            when 'text' then 'LongText'
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
    from told_apart
)

select * from final
