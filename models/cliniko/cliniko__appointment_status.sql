-- The choices of the status field: Cliniko's words, and whatever a status column of an export says beside them.
with known as (
    select
        label,
        position,
    from (
        values
        ('Awaiting', 1),
        ('Arrived', 2),
        ('In Progress', 3),
        ('Completed', 4),
        ('No Show', 5),
        ('Cancelled', 6)
    ) as words (label, position)
),

seen as (
    select distinct status as label
    from {{ ref('cliniko__attendances') }}
),

together as (
    select
        label,
        position,
    from known

    union all

    select
        label,
        100 as position,
    from seen
    where label not in (select label from known)
),

final as (
    select
        replace(label, ',', ' /') as label,
        {{ option_value('label') }} as value,
        label as status,
    from together
    order by position, label
)

select * from final
