with inline as (
    select
        patient_id,
        'Street' as address_type,
        0 as position,
        address_1,
        concat_ws(', ', nullif(trim(address_2), ''), nullif(trim(address_3), '')) as address_2,
        city,
        state,
        post_code,
        country,
    from {{ newest(source('cliniko', 'patients'), 'patient_id') }}
    where patient_id is not null
),

further as (
    select
        patient_id,
        coalesce({{ one_line('address_type') }}, 'Other') as address_type,
        row_number() over (partition by patient_id order by _file, _row) as position,
        address_1,
        concat_ws(', ', nullif(trim(address_2), ''), nullif(trim(address_3), '')) as address_2,
        city,
        state,
        post_code,
        country,
    from {{ source('cliniko', 'patient_addresses') }}
    semi join {{ files('not is_replaced') }} as standing using (_file)
    where patient_id is not null
),

trimmed as (
    select
        trim(patient_id) as patient_id,
        address_type,
        position,
        {{ trimmed('address_1') }} as street_1,
        {{ trimmed('address_2') }} as street_2,
        {{ trimmed('city') }} as city,
        {{ trimmed('state') }} as state,
        {{ trimmed('post_code') }} as post_code,
        {{ trimmed('country') }} as country,
    from (select * from inline union all select * from further)
),

filled as (
    select
        *,
        concat_ws(', ', street_1, street_2, city, nullif(concat_ws(' ', state, post_code), ''), country) as one_line,
    from trimmed
    where coalesce(street_1, street_2, city, state, post_code, country) is not null
),

once as (
    select *
    from filled
    qualify row_number() over (partition by patient_id, address_type, one_line order by position) = 1
),

-- The `Street` one is home, else the first; a country alone, which Cliniko fills in by itself, comes last.
final as (
    select
        *,
        row_number() over (
            partition by patient_id
            order by
                coalesce(street_1, street_2, city, post_code) is null,
                lower(address_type) = 'street' desc,
                position
        ) as rank,
    from once
)

select * from final
