-- Every value of a field of choices, told apart without regard to case and accents. A field that is there takes none
-- but its own: no API adds one, so a value that came after the field was made is late, and stays behind.
with given as (
    select
        'Primary Service Type' as field,
        name as value,
    from {{ ref('cliniko__products') }}
    where lower(kind) != 'product' and name is not null

    union all

    select
        'Primary Service Type' as field,
        primary_service as value,
    from {{ ref('cliniko__patient_totals') }}
    where primary_service is not null

    union all

    select
        'Last Appointment Status' as field,
        status as value,
    from {{ ref('cliniko__appointment_status') }}

    union all

    select
        fields.name as field,
        case fields.kind
            when 'yes_no' then coalesce({{ yes_or_no(flag('answers.value')) }}, answers.value)
            else answers.value
        end as value,
    from {{ ref('nutshell__custom_fields') }} as fields
    inner join {{ ref('cliniko__custom_field_values') }} as answers
        on fields.of_what = answers.of_what and list_contains(fields.field_keys, answers.field_key)
    where fields.kind in ('yes_no', 'choice')
),

listed as (
    select
        field,
        {{ folded('value') }} as value_folded,
        min(value) as value,
    from given
    group by field, {{ folded('value') }}
),

fields as (
    select
        name as field,
        from_json(coalesce(options, '[]'), '[{"value": "VARCHAR"}]') as options,
    from {{ source('nutshell', 'fields') }}
    where object = 'person'
),

there as (
    select
        field,
        {{ folded('option.value') }} as value_folded,
        min(option.value) as value,
    from (
        select
            field,
            unnest(options) as option,
        from fields
    )
    group by field, {{ folded('option.value') }}
),

final as (
    select
        'person' as object,
        listed.field,
        listed.value_folded,
        coalesce(there.value, listed.value) as value,
        fields.field is not null and there.value is null as is_late,
    from listed
    left join fields on listed.field = fields.field
    left join there on listed.field = there.field and listed.value_folded = there.value_folded
)

select * from final
