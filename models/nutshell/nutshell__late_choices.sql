-- What is held back: one row per patient and value that its field does not have. Nutshell keeps what the field says
-- there by now.
with given as (
    select
        'Primary Service Type' as field,
        primary_service as answer,
        patient_id as owner_id,
    from {{ ref('cliniko__patient_totals') }}

    union all

    select
        'Last Appointment Status' as field,
        last_appointment_status as answer,
        patient_id as owner_id,
    from {{ ref('cliniko__patient_totals') }}

    union all

    select
        name as field,
        choice as answer,
        owner_id,
    from {{ ref('nutshell__field_answers') }}
    where choice is not null
),

final as (
    select
        choices.field,
        choices.value,
        given.owner_id,
        from_json(there.choices, '"MAP(VARCHAR, VARCHAR)"')[choices.field] as kept,
    from given
    inner join {{ ref('nutshell__choices') }} as choices
        on given.field = choices.field and {{ folded('given.answer') }} = choices.value_folded
    left join {{ loaded('person') }} as loaded on {{ source_system_id('given.owner_id') }} = loaded.key
    left join {{ source('nutshell', 'people') }} as there on loaded.id = there.id
    where choices.is_late
)

select * from final
