-- Each practitioner, and who takes over from them: what `owners` shows and the plan asks for.
with hanging as (
    select
        _practitioner_id,
        count(*) as records,
    from (
        select _practitioner_id from {{ ref('nutshell__activity') }}
        union all
        select _practitioner_id from {{ ref('nutshell__written_notes') }}
    )
    group by _practitioner_id
),

users as (
    select
        id,
        min(email) as email,
        any_value(name) as name,
    from {{ ref('nutshell__user_emails') }}
    group by id
),

final as (
    select
        matched._practitioner_id as practitioner_id,
        matched._name as name,
        matched._email as email,
        matched.id as member_id,
        users.name as member_name,
        users.email as member_email,
        coalesce(matched._found_by, 'missing') as found_by,
        coalesce(hanging.records, 0) as records,
    from {{ ref('nutshell__user') }} as matched
    left join users on matched.id = users.id
    left join hanging on matched._practitioner_id = hanging._practitioner_id
    order by records desc, name, practitioner_id
)

select * from final
