with final as (
    select * exclude (place)
    from {{ usual_choices("['Product', 'Service', 'Other']", ref('cliniko__products'), 'kind') }}
    order by place, name
)

select * from final
