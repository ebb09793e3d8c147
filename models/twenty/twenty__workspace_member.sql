-- One row per practitioner: the member who takes over from them. By `owners`, then by e-mail, then the fallback.
with owners as (
    select
        {{ folded('named.practitioner') }} as practitioner,
        lower(trim(named.email)) as email,
    from (
        values
        {% for practitioner, email in var('owners').items() -%}
        ({{ literal(practitioner) }}, {{ literal(email) }}),
        {% endfor -%}
        (null, null)
    ) as named (practitioner, email)
),

members as (
    select
        lower(trim(email)) as email,
        min(id) as id,
    from {{ source('twenty', 'members') }}
    where email is not null
    group by lower(trim(email))
),

fallback as (
    select id
    from members
    where email = lower(trim({{ literal(var('fallback_owner') or '') }}))
),

named as (
    select
        practitioners.practitioner_id,
        min(members.id) as id,
    from {{ ref('cliniko__practitioners') }} as practitioners
    inner join owners
        on owners.practitioner in (practitioners.practitioner_id, practitioners.email, practitioners.name_folded)
    inner join members on owners.email = members.email
    group by practitioners.practitioner_id
),

matched as (
    select
        practitioners.*,
        named.id as named_id,
        members.id as email_id,
        fallback.id as fallback_id,
    from {{ ref('cliniko__practitioners') }} as practitioners
    left join named using (practitioner_id)
    left join members on practitioners.email = members.email
    left join fallback on true
),

final as (
    select
        coalesce(named_id, email_id, fallback_id) as id,
        {{ source_system_id('practitioner_id') }} as sourceSystemId,
        practitioner_id as _practitioner_id,
        name as _name,
        email as _email,
        case
            when named_id is not null then 'owners'
            when email_id is not null then 'email'
            when fallback_id is not null then 'fallback'
        end as _matched_by,
    from matched
)

select * from final
