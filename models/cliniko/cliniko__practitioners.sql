with source as (
    select * from {{ newest(source('cliniko', 'practitioners'), 'practitioner_id') }}
),

users as (
    select
        user_id,
        email,
    from {{ newest(source('cliniko', 'users'), 'user_id') }}
),

listed as (
    select
        {{ trimmed('source.practitioner_id') }} as practitioner_id,
        coalesce(
            {{ one_line('source.display_name') }},
            {{ one_line('source.label') }},
            {{ one_line("concat_ws(' ', source.first_name, source.last_name)") }}
        ) as name,
        coalesce({{ trimmed('source.email') }}, {{ trimmed('users.email') }}) as email,
    from source
    left join users using (user_id)
),

-- Whoever has appointments is a practitioner, listed or not.
seen as (
    select
        {{ trimmed('practitioner_id') }} as practitioner_id,
        {{ one_line('practitioner') }} as name,
    from (
        select practitioner_id, practitioner from {{ source('cliniko', 'appointments') }}
        union by name
        select practitioner_id from {{ source('cliniko', 'individual_appointments') }}
        union by name
        select practitioner_id from {{ source('cliniko', 'group_appointments') }}
    )
),

unlisted as (
    select
        practitioner_id,
        max(name) as name,
    from seen
    where
        case
            when practitioner_id is not null
                then not exists (select 1 from listed where listed.practitioner_id = seen.practitioner_id)
            else not exists (select 1 from listed where {{ folded('listed.name') }} = {{ folded('seen.name') }})
        end
    group by practitioner_id, case when practitioner_id is null then {{ folded('name') }} end
),

together as (
    select * from listed

    union all by name

    select
        practitioner_id,
        name,
    from unlisted
),

final as (
    select
        coalesce(practitioner_id, 'name:' || {{ folded('name') }}) as practitioner_id,
        name,
        {{ folded('name') }} as name_folded,
        email as email_as_written,
        email_normal(email) as email,
    from together
    where coalesce(practitioner_id, name) is not null
)

select * from final
