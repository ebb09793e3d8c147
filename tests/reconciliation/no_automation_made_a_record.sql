-- While a load ran, no automation of the CRM made a record that is there still.
with made as (
    select
        object,
        id,
        1 as made_by_automations,
        false as _holds,
    from {{ source('readback', 'made_by_automations') }}
),

-- The CRM is asked at every read-back, so none is an answer, too.
asked as (
    select
        0 as made_by_automations,
        true as _holds,
    from {{ source('readback', 'records') }}
    limit 1
),

final as (
    select * from made
    union all by name
    select * from asked
)

select * from final
