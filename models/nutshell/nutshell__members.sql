-- Everybody who can sign in to the account.
with final as (
    select
        id as member_id,
        name,
        email,
    from {{ source('nutshell', 'users') }}
    where enabled
    order by email
)

select * from final
