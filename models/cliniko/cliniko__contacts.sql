with source as (
    select * from {{ newest(source('cliniko', 'contacts'), 'contact_id') }}
),

renamed as (
    select
        {{ trimmed('contact_id') }} as contact_id,
        {{ trimmed('type') }} as contact_type,
        {{ one_line("concat_ws(' ', title, first_name, last_name)") }} as person_name,
        {{ one_line('company_name') }} as company_name,
        {{ trimmed('email') }} as email,
        {{ trimmed("concat_ws(', ', nullif(address_2, ''), nullif(address_3, ''))") }} as street_2,
        {{ trimmed('address_1') }} as street_1,
        {{ trimmed('city') }} as city,
        {{ trimmed('state') }} as state,
        {{ trimmed('post_code') }} as post_code,
        {{ trimmed('country') }} as country,
        list_filter(
            list_concat(
                [
                    {{ trimmed('phone_work') }},
                    {{ trimmed('phone_mobile') }},
                    {{ trimmed('phone_other') }},
                    {{ trimmed('phone_home') }},
                ],
                list_transform(
                    from_json({{ json_text('phone_numbers') }}, '[{"number": "VARCHAR"}]'), lambda phone: phone.number
                )
            ),
            lambda phone: phone is not null
        ) as phones,
        {{ instant('created_at') }} as created_at,
        {{ instant('updated_at') }} as updated_at,
        _file,
        _row,
    from source
),

named as (
    select
        *,
        coalesce(
            company_name, case when regexp_matches(lower(contact_type), 'payer') then person_name end
        ) as organisation,
        'name:' || {{ folded("concat_ws(' ', company_name, person_name)") }}
        || coalesce(', ' || {{ folded('coalesce(post_code, city)') }}, '') as mark,
    from renamed
),

keyed as (
    select
        * exclude (contact_id, mark),
        {{ key_of('contact_id', 'mark', 'null') }} as contact_id,
    from named
),

-- The same contact by a file with its id, and by one without.
once as (
    select *
    from keyed
    qualify contact_id is null or row_number() over (
        partition by contact_id order by updated_at desc nulls last, _file desc, _row desc
    ) = 1
),

final as (
    select
        *,
        case when contact_id is null then 'no_id' end as excluded_by,
    from once
)

select * from final
