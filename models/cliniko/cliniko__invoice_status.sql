-- The choices of an invoice's status: the usual words, and whatever an export says beside them.
with known as (
    select name
    from (
        values ('Draft'), ('Sent'), ('Open'), ('Paid'), ('Closed'), ('Open credit'), ('Void')
    ) as words (name)
),

seen as (
    select min(status) as name
    from {{ ref('cliniko__invoice_balances') }}
    where {{ folded('status') }} not in (select {{ folded('name') }} from known)
    group by {{ folded('status') }}
),

together as (
    select * from known
    union all
    select * from seen
),

final as (
    select
        *,
        {{ folded('name') }} as name_folded,
    from {{ choices('together') }}
)

select * from final
