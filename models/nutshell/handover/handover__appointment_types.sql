-- What an activity type cannot hold of an appointment type.
with final as (
    select
        types.name,
        types.category,
        types.duration_minutes,
        nullif(array_to_string(types.item_names, ', '), '') as bills,
        becomes.activity_type,
        types.appointment_type_id as cliniko_appointment_type_id,
    from {{ ref('cliniko__appointment_types') }} as types
    left join {{ ref('nutshell__activity_types') }} as becomes using (appointment_type_id)
    order by types.name, types.appointment_type_id
)

select * from final
