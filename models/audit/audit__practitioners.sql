-- Without an e-mail nobody can be found who takes over from them, but by `owners`.
with practitioners as (
    select * from {{ ref('cliniko__practitioners') }}
),

visits as (
    select
        practitioner_id,
        count(*) as visits,
    from {{ ref('cliniko__attendances') }}
    group by practitioner_id
),

notes as (
    select
        practitioner_id,
        count(*) as notes,
    from {{ ref('cliniko__treatment_notes') }}
    group by practitioner_id
),

final as (
    select
        practitioners.practitioner_id,
        practitioners.name,
        practitioners.email_as_written,
        coalesce(visits.visits, 0) as visits,
        coalesce(notes.notes, 0) as notes,
    from practitioners
    left join visits using (practitioner_id)
    left join notes using (practitioner_id)
    where practitioners.email is null
    order by visits desc, practitioners.practitioner_id
)

select * from final
