-- No domainName: an address of a contact never proves whose domain it is, and it must be unique.
with final as (
    select
        {{ record_id('company', 'company_id') }} as id,
        {{ source_system_id('company_id') }} as sourceSystemId,
        name,
        {{ twenty_address('companies.address') }} as address,
        phone,
        email,
        upper(kind) as kind,
        {{ iso('created_at') }} as createdAt,
        {{ imported_by("'Cliniko'") }} as createdBy,
        {{ iso('created_at') }} as clinikoCreatedAt,
        {{ iso('updated_at') }} as clinikoUpdatedAt,
        name_folded as _name_folded,
    from {{ ref('cliniko__companies') }} as companies
)

select * from final
