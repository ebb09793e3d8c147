with notes as (
    select
        coalesce(template, title, 'none') as template,
        is_draft,
        excluded_by,
    from {{ ref('cliniko__treatment_notes') }}
),

final as (
    select
        template,
        count(*) as notes,
        count(*) filter (where is_draft) as drafts,
        count(*) filter (where excluded_by is not null) as stay_behind,
    from notes
    group by template
    order by notes desc, template
)

select * from final
