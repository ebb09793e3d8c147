with source as (
    select * from {{ newest(source('cliniko', 'businesses'), 'business_id') }}
),

listed as (
    select
        {{ trimmed('business_id') }} as location_id,
        coalesce({{ one_line('display_name') }}, {{ one_line('name') }}, {{ one_line('label') }}) as name,
        {{ trimmed('address_1') }} as street_1,
        {{ trimmed('address_2') }} as street_2,
        {{ trimmed('city') }} as city,
        {{ trimmed('state') }} as state,
        {{ trimmed('post_code') }} as post_code,
        {{ trimmed('country') }} as country,
        coalesce({{ trimmed('time_zone_identifier') }}, {{ trimmed('time_zone') }}) as time_zone,
    from source
),

seen as (
    select {{ one_line('business') }} as name
    from (select distinct business from {{ source('cliniko', 'appointments') }})
    where business is not null
),

unlisted as (
    select min(name) as name
    from seen
    where not exists (select 1 from listed where {{ folded('listed.name') }} = {{ folded('seen.name') }})
    group by {{ folded('name') }}
),

final as (
    select * from listed

    union all by name

    select
        'name:' || {{ folded('name') }} as location_id,
        name,
    from unlisted
)

select * from final
