-- Their appointments and notes would belong to nobody. Invite them, name another in `owners`, or set `fallback_owner`.
select
    members._practitioner_id as practitioner_id,
    members._name as name,
    members._email as email,
from {{ ref('twenty__workspace_member') }} as members
where
    members.id is null
    and (
        exists (select 1 from {{ ref('cliniko__attendances') }} where practitioner_id = members._practitioner_id)
        or exists (select 1 from {{ ref('cliniko__treatment_notes') }} where practitioner_id = members._practitioner_id)
    )
