with companies as (
    select
        company_id,
        name,
        kind,
        address,
        {{ nutshell_entries('phone', 'phone') }} as phones,
        {{ nutshell_entries('email', 'email') }} as emails,
        name_folded,
    from {{ ref('cliniko__companies') }}
),

{% if var('locations') == 'companies' -%}
sites as (
    select
        'site-' || location_id as company_id,
        name,
        'clinic site' as kind,
        {
            'street_1': street_1,
            'street_2': street_2,
            'city': city,
            'state': state,
            'post_code': post_code,
            'country': country
        } as address,
    from {{ ref('cliniko__locations') }}
    where name is not null
),

{% endif -%}
together as (
    select * from companies
    {%- if var('locations') == 'companies' %}
    union all by name
    select * from sites
    {%- endif %}
),

final as (
    select
        together.name,
        together.phones,
        together.emails,
        case
            when coalesce(address.street_1, address.street_2, address.city, address.post_code) is not null
                then [{'name': 'address', 'value': {{ nutshell_address('address') }}}]
        end as addresses,
        upper(kind[1]) || kind[2:] as "Kind",
        {{ source_system_id('together.company_id') }} as "Cliniko Contact ID",
        {{ source_system_id('together.company_id') }} as _key,
        {{ 'existing.id' if var('existing_people') == 'link' else 'null::varchar' }} as _linked_id,
        together.name_folded as _name_folded,
    from together
    left join {{ ref('nutshell__existing_companies') }} as existing using (company_id)
)

select * from final
