-- Every answer to a custom field, of patients and of visits.
with final as (
    select
        'patient' as of_what,
        patient_id as owner_id,
        coalesce(token, label_folded) as field_key,
        section,
        label,
        label_folded,
        type as defined_as,
        value,
    from {{ ref('cliniko__patient_custom_fields') }}

    union all by name

    select
        'attendance' as of_what,
        attendance_id as owner_id,
        label_folded as field_key,
        label,
        label_folded,
        value,
    from {{ ref('cliniko__appointment_custom_fields') }}
)

select * from final
