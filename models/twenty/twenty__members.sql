-- Everybody who can sign in to the workspace.
with final as (
    select
        id as member_id,
        nullif(concat_ws(' ', first_name, last_name), '') as name,
        email,
    from {{ source('twenty', 'members') }}
    order by email
)

select * from final
