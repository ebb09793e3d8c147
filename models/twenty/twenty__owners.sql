-- Each practitioner, and who takes over from them: what `owners` shows and the plan asks for.
with hanging as (
    select
        _practitioner_id,
        count(*) as records,
    from (
        select _practitioner_id from {{ ref('twenty__task') }}
        union all
        select _practitioner_id from {{ ref('twenty__note') }}
        union all
        select _practitioner_id from {{ ref('twenty__invoice') }}
    )
    group by _practitioner_id
),

final as (
    select
        matched._practitioner_id as practitioner_id,
        matched._name as name,
        matched._email as email,
        matched.id as member_id,
        members.name as member_name,
        members.email as member_email,
        coalesce(matched._found_by, 'missing') as found_by,
        coalesce(hanging.records, 0) as records,
    from {{ ref('twenty__workspace_member') }} as matched
    left join {{ ref('twenty__members') }} as members on matched.id = members.member_id
    left join hanging on matched._practitioner_id = hanging._practitioner_id
    order by records desc, name, practitioner_id
)

select * from final
