with organisations as (
    select
        *,
        {{ folded('organisation') }} as name_folded,
        -- One organisation is often written down several times; its place tells two of the same name apart.
        coalesce({{ folded('post_code') }}, {{ folded('city') }}, '') as place_folded,
        'name:' || name_folded || ', ' || place_folded as mark,
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

-- What was loaded keeps its key, whichever of its contacts gave it, and if none had an id yet.
kept as (
    select
        organisations.name_folded,
        organisations.place_folded,
        min(remembered.key) as key,
    from organisations
    inner join {{ remembered_keys('company') }} as remembered
        on remembered.key in (organisations.contact_id, organisations.mark)
    group by organisations.name_folded, organisations.place_folded
),

ranked as (
    select
        organisations.*,
        reached.phone,
        coalesce(emails.email, organisations.email) as email_address,
        first_value(organisations.contact_id) over (
            partition by organisations.name_folded, organisations.place_folded
            order by
                starts_with(organisations.contact_id, 'name:'),
                organisations.created_at asc nulls last,
                organisations.contact_id
        ) as first_contact_id,
        coalesce(
            kept.key,
            case when starts_with(first_contact_id, 'name:') then organisations.mark else first_contact_id end
        ) as company_id,
    from organisations
    left join reached using (contact_id)
    left join emails on organisations.email = emails.as_written
    left join kept
        on organisations.name_folded = kept.name_folded and organisations.place_folded = kept.place_folded
),

final as (
    select
        company_id,
        arg_max(organisation, contact_id = first_contact_id) as name,
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
            contact_id = first_contact_id
        ) as address,
        list(contact_id order by contact_id) as contact_ids,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
    from ranked
    group by company_id, name_folded
)

select * from final
