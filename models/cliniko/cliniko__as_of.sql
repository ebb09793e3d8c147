-- What counts as now, so that a build repeats exactly: the day of the newest export, raised to the newest change on
-- that day. Starts and ends of appointments never count, and neither does the clock of this machine.
with exported as (
    select max(run_date) as day
    from {{ source('landing', '_files') }}
    where landed > 0
),

changes as (
    select unnest([created_at, updated_at]) as changed_at from {{ ref('cliniko__patients') }}
    union all
    select unnest([created_at, updated_at]) as changed_at from {{ ref('cliniko__appointments') }}
    union all
    select unnest([created_at, updated_at]) as changed_at from {{ ref('cliniko__treatment_notes') }}
),

newest as (
    select
        max(changed_at) as ever,
        max(changed_at) filter (where {{ day_of('changed_at') }} = exported.day) as that_day,
        any_value(exported.day) as day,
    from exported
    left join changes on true
),

final as (
    select
        coalesce(
            {% if var('as_of') %}{{ instant(literal(var('as_of'))) }},{% endif %}
            that_day,
            timezone({{ literal(var('timezone')) }}, day::timestamp),
            ever
        ) as as_of,
    from newest
)

select * from final
