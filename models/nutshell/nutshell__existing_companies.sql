-- Companies that look like companies of Nutshell's: the name agrees, and a domain of their addresses. One there stands
-- for one of ours; what was loaded before stays the company that was made then.
with companies as (
    select
        company_id,
        name_folded,
        unnest({{ domains('email') }}) as domain,
    from {{ ref('cliniko__companies') }}
),

loaded as {{ loaded('company') }},

-- Our own records are never some company that is there already.
strangers as (
    select
        id,
        {{ folded('name') }} as name_folded,
        unnest(from_json(coalesce(domains, '[]'), '["VARCHAR"]')) as domain,
    from {{ source('nutshell', 'companies') }}
    where not deleted and cliniko_contact_id is null and id not in (select id from loaded)
),

agreeing as (
    select
        companies.company_id,
        strangers.id,
    from companies
    inner join strangers using (name_folded, domain)
    anti join loaded on {{ source_system_id('companies.company_id') }} = loaded.key
    where companies.domain != ''
    qualify row_number() over (
        partition by strangers.id order by length(companies.company_id), companies.company_id
    ) = 1
),

final as (
    select
        company_id,
        min(id) as id,
    from agreeing
    group by company_id
)

select * from final
