with final as (
    select
        name,
        street_1,
        street_2,
        city,
        state,
        post_code,
        country,
        time_zone,
        location_id as cliniko_business_id,
    from {{ ref('cliniko__locations') }}
    order by name, location_id
)

select * from final
