{# Who takes over from each practitioner: `practitioner_id`, the member's `id`, and by what they were found. By the
   setting `owners`, then by e-mail, then the fallback. `members` is a relation with one row per address: `id` and
   `email`, lower case. #}
{% macro owners_among(members) -%}
(
    with owners as (
        select
            {{ folded('listed.practitioner') }} as practitioner,
            lower(trim(listed.email)) as email,
        from (
            values
            {% for practitioner, email in var('owners').items() -%}
            ({{ literal(practitioner) }}, {{ literal(email) }}),
            {% endfor -%}
            (null, null)
        ) as listed (practitioner, email)
    ),

    named as (
        select
            practitioners.practitioner_id,
            min(members.id) as id,
        from {{ ref('cliniko__practitioners') }} as practitioners
        inner join owners
            on owners.practitioner in (practitioners.practitioner_id, practitioners.email, practitioners.name_folded)
        inner join {{ members }} as members on owners.email = members.email
        group by practitioners.practitioner_id
    ),

    matched as (
        select
            practitioners.practitioner_id,
            named.id as named_id,
            members.id as email_id,
            fallback.id as fallback_id,
        from {{ ref('cliniko__practitioners') }} as practitioners
        left join named using (practitioner_id)
        left join {{ members }} as members on practitioners.email = members.email
        left join {{ members }} as fallback
            on fallback.email = lower(trim({{ literal(var('fallback_owner') or '') }}))
    )

    select
        practitioner_id,
        coalesce(named_id, email_id, fallback_id) as id,
        case
            when named_id is not null then 'owners'
            when email_id is not null then 'email'
            when fallback_id is not null then 'fallback'
        end as found_by,
    from matched
)
{%- endmacro %}

{# Entries of the settings `owners` and `fallback_owner` that do nothing, and why: for a test. #}
{% macro owners_without_effect(members) -%}
with named as (
    select *
    from (
        values
        {% for practitioner, email in var('owners').items() -%}
        ({{ literal(practitioner) }}, {{ literal(email) }}),
        {% endfor -%}
        {% if var('fallback_owner') -%}
        (null, {{ literal(var('fallback_owner')) }}),
        {% endif -%}
        (null, null)
    ) as listed (practitioner, email)
    where email is not null
),

judged as (
    select
        named.practitioner,
        named.email,
        exists (
            select 1
            from {{ members }} as members
            where lower(trim(members.email)) = lower(trim(named.email))
        ) as is_member,
        named.practitioner is null
        or exists (
            select 1
            from {{ ref('cliniko__practitioners') }} as listed
            where {{ folded('named.practitioner') }} in (listed.practitioner_id, listed.email, listed.name_folded)
        ) as is_practitioner,
    from named
)

select
    coalesce(practitioner, 'whoever nobody matches') as practitioner,
    email,
    case when is_practitioner then 'no member has this address' else 'no practitioner is called this' end as reason,
from judged
where not is_member or not is_practitioner
order by practitioner
{%- endmacro %}
