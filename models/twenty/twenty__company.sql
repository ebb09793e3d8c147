with companies as (
    select
        *,
        {{ domains('email') }} as domains,
        {{ record_id('company', 'company_id') }} as own_id,
    from {{ ref('cliniko__companies') }}
),

-- Addresses prove a domain where all of them are at it, and it is called as the company is: a free provider's is not.
certain as (
    select
        company_id,
        own_id,
        domains[1] as domain,
    from companies
    where
        len(domains) = 1
        and regexp_replace(name_folded, '( pty| ltd| limited| inc)+$|[^a-z0-9]', '', 'g')
        = regexp_replace(split_part(domains[1], '.', 1), '[^a-z0-9]', '', 'g')
    qualify count(*) over (partition by domains[1]) = 1
),

-- Unique in the workspace, soft-deleted companies included; with and without `www` are two domains there, and one here.
domains as (
    select
        company_id,
        domain,
    from certain
    where
        not exists (
            select 1
            from {{ source('twenty', 'companies') }} as there
            where {{ host('there.domain') }} = certain.domain and there.id != certain.own_id
        )
),

final as (
    select
        coalesce(existing.there, companies.own_id) as id,
        {{ source_system_id('companies.company_id') }} as sourceSystemId,
        companies.name,
        case
            when domains.domain is not null
                then {
                    'primaryLinkUrl': 'https://' || domains.domain,
                    'primaryLinkLabel': null::varchar,
                    'secondaryLinks': null::struct(url varchar, "label" varchar)[]
                }
        end as domainName,
        {{ twenty_address('companies.address') }} as address,
        companies.phone,
        companies.email,
        upper(companies.kind) as kind,
        {{ iso('companies.created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('companies.created_at') }} as clinikoCreatedAt,
        {{ iso('companies.updated_at') }} as clinikoUpdatedAt,
        existing.there as _linked_id,
        companies.name_folded as _name_folded,
    from companies
    left join domains using (company_id)
    left join {{ ref('twenty__existing_companies') }} as existing using (company_id)
)

select * from final
