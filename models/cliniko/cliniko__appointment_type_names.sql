-- Appointment types as the choices of a select field. Two names that fall into one value are told apart by a number.
with named as (
    select distinct name
    from {{ ref('cliniko__appointment_types') }}
    where name is not null
),

valued as (
    select
        name,
        {{ option_value('name') }} as value,
    from named
),

final as (
    select
        name,
        replace(name, ',', ' /') as label,
        case
            when row_number() over (partition by value order by name) = 1 then value
            else value || '_' || row_number() over (partition by value order by name)
        end as value,
    from valued
)

select * from final
