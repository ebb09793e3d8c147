-- Companies that are in the workspace already, by their domain and their name. One there stands for one of ours; what
-- was loaded before stays the company that was made then.
with companies as (
    select
        company_id,
        name_folded,
        {{ domains('email') }} as domains,
        {{ record_id('company', 'company_id') }} as id,
    from {{ ref('cliniko__companies') }}
),

loaded as {{ loaded('company') }},

strangers as (
    select
        id,
        {{ host('domain') }} as domain,
        {{ folded('name') }} as name_folded,
    from {{ source('twenty', 'companies') }}
    where
        not deleted
        and id not in (select id from companies)
        and id not in (select id from loaded)
),

agreeing as (
    select
        companies.company_id,
        strangers.id as there,
    from companies
    inner join strangers
        on companies.name_folded = strangers.name_folded and list_contains(companies.domains, strangers.domain)
    anti join loaded on {{ source_system_id('companies.company_id') }} = loaded.key
    where {{ 'true' if var('existing_people') == 'link' else 'false' }}
    qualify row_number() over (partition by strangers.id order by companies.company_id) = 1
),

final as (
    select
        company_id,
        min(there) as there,
    from agreeing
    group by company_id
)

select * from final
