-- One row per appointment type: the activity type that it becomes. By the setting `activity_types`, else the one of the
-- same name; no API makes activity types.
with listed as (
    select
        {{ folded('entry.appointment_type') }} as appointment_type,
        {{ folded('entry.activity_type') }} as activity_type,
    from (
        values
        {% for appointment_type, activity_type in (var('activity_types') or {}).items() -%}
        ({{ literal(appointment_type) }}, {{ literal(activity_type) }}),
        {% endfor -%}
        (null, null)
    ) as entry (appointment_type, activity_type)
),

there as (
    select
        {{ folded('name') }} as name_folded,
        min(id) as id,
        arg_min(name, id) as name,
    from {{ source('nutshell', 'activity_types') }}
    group by {{ folded('name') }}
),

types as (
    select
        appointment_type_id,
        name,
        name_folded,
    from {{ ref('cliniko__appointment_types') }}

    {% if var('treatment_notes') == 'activities' -%}
    union all

    select
        'treatment note' as appointment_type_id,
        'Treatment note' as name,
        'treatment note' as name_folded,

    {% endif -%}
),

named as (
    select
        types.*,
        min(listed.activity_type) as activity_type,
    from types
    left join listed on listed.appointment_type in (types.name_folded, types.appointment_type_id)
    group by types.appointment_type_id, types.name, types.name_folded
),

final as (
    select
        named.appointment_type_id,
        named.name,
        there.id as activity_type_id,
        there.name as activity_type,
        named.activity_type is not null as is_listed,
    from named
    left join there on coalesce(named.activity_type, named.name_folded) = there.name_folded
)

select * from final
