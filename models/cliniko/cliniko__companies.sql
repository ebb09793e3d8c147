with organisations as (
    select
        *,
        {{ folded('organisation') }} as name_folded,
        -- One organisation is often written down several times; its place tells two of the same name apart.
        coalesce({{ folded('post_code') }}, {{ folded('city') }}, '') as place_folded,
    from {{ ref('cliniko__contacts') }}
    where organisation is not null and excluded_by is null
),

emails as materialized (
    select
        email as as_written,
        email_normal(email) as email,
    from (select distinct email from organisations)
),

phones as materialized (
    select
        as_written,
        phone_e164(as_written, {{ literal(var('country')) }}) as phone,
    from (select distinct unnest(phones) as as_written from organisations)
),

reached as (
    select
        organisations.contact_id,
        string_agg(
            distinct coalesce(phones.phone, phones.as_written), ', '
            order by coalesce(phones.phone, phones.as_written)
        ) as phone,
    from organisations
    inner join phones on list_contains(organisations.phones, phones.as_written)
    group by organisations.contact_id
),

ranked as (
    select
        organisations.*,
        reached.phone,
        coalesce(emails.email, organisations.email) as email_address,
        first_value(organisations.contact_id) over (
            partition by name_folded, place_folded
            order by organisations.created_at asc nulls last, organisations.contact_id
        ) as company_id,
    from organisations
    left join reached using (contact_id)
    left join emails on organisations.email = emails.as_written
),

final as (
    select
        company_id,
        arg_max(organisation, contact_id = company_id) as name,
        name_folded,
        case
            when bool_or(regexp_matches(lower(contact_type), 'payer')) then 'insurer'
            when bool_or(lower(contact_type) = 'doctor') then 'referrer'
            else 'other'
        end as kind,
        string_agg(distinct phone, ', ' order by phone) as phone,
        string_agg(distinct email_address, ', ' order by email_address) as email,
        arg_max(
            {
                'street_1': street_1,
                'street_2': street_2,
                'city': city,
                'state': state,
                'post_code': post_code,
                'country': country
            },
            contact_id = company_id
        ) as address,
        list(contact_id order by contact_id) as contact_ids,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
    from ranked
    group by company_id, name_folded
)

select * from final
