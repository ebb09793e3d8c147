-- Appointment types as the choices of a select field.
with named as (
    select distinct name
    from {{ ref('cliniko__appointment_types') }}
    where name is not null
),

final as (
    select * from {{ choices('named') }}
)

select * from final
