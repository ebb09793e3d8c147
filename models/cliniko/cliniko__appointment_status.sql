with final as (
    select
        label,
        value,
        name as status,
    from {{ usual_choices(visit_words(), ref('cliniko__attendances'), 'status') }}
    order by place, name
)

select * from final
