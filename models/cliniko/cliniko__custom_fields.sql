-- One row per custom field of patients and of visits, with the type that fits all its values. Cliniko's own definition
-- goes before what the values look like. Digits that begin with a zero, or are too many, are a number to nobody.
with filled as (
    select
        'patient' as of_what,
        section,
        token,
        label,
        label_folded,
        type as defined_as,
        value,
    from {{ ref('cliniko__patient_custom_fields') }}

    union all by name

    select
        'attendance' as of_what,
        label,
        label_folded,
        value,
    from {{ ref('cliniko__appointment_custom_fields') }}
),

looked_at as (
    select
        of_what,
        coalesce(token, label_folded) as field_key,
        max(section) as section,
        min(label) as label,
        max(defined_as) as defined_as,
        count(*) as filled,
        count(distinct value) as choices,
        bool_and({{ day('value') }} is not null) as all_days,
        bool_and({{ flag('value') }} is not null) as all_flags,
        bool_and(regexp_matches(value, '^-?(0|[1-9]\d{0,14})(\.\d+)?$')) as all_numbers,
    from filled
    group by of_what, coalesce(token, label_folded)
),

final as (
    select
        of_what,
        field_key,
        section,
        label,
        filled,
        choices,
        case
            when defined_as = 'checkboxes' then 'choices'
            when defined_as = 'radiobuttons' then 'choice'
            when defined_as = 'date' then 'date'
            when defined_as in ('text', 'paragraph') then 'text'
            when all_flags then 'yes_no'
            when all_days then 'date'
            when all_numbers then 'number'
            when choices <= 12 and filled >= 4 * choices then 'choice'
            else 'text'
        end as type,
    from looked_at
)

select * from final
