-- The choices of a product's kind: Cliniko's words, and whatever an export says beside them.
with known as (
    select name
    from (
        values ('Product'), ('Service'), ('Other')
    ) as words (name)
),

seen as (
    select min(kind) as name
    from {{ ref('cliniko__products') }}
    where {{ folded('kind') }} not in (select {{ folded('name') }} from known)
    group by {{ folded('kind') }}
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
