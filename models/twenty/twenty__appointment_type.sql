with final as (
    select
        {{ record_id('appointmentType', 'appointment_type_id') }} as id,
        {{ source_system_id('appointment_type_id') }} as sourceSystemId,
        name,
        duration_minutes as durationMinutes,
        category,
        nullif(array_to_string(item_names, ', '), '') as products,
        {{ iso('created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('created_at') }} as clinikoCreatedAt,
        {{ iso('updated_at') }} as clinikoUpdatedAt,
        appointment_type_id as _appointment_type_id,
    from {{ ref('cliniko__appointment_types') }}
)

select * from final
