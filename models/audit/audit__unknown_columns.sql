with source as (
    select * from {{ source('landing', '_columns') }}
),

landed as (
    select
        file,
        landed,
    from {{ source('landing', '_files') }}
),

-- A kind that stays behind as a whole is told as a whole.
known as (
    select kind
    from {{ source('landing', '_kinds') }}
    where left_out is null
),

final as (
    select
        source.kind,
        source.header,
        sum(source.filled)::bigint as filled,
        round(100 * sum(source.filled) / nullif(sum(landed.landed), 0))::integer as percent,
    from source
    inner join landed using (file)
    inner join known using (kind)
    where source.column_name is null
    group by source.kind, source.header
    order by source.kind, min(source.position), source.header
)

select * from final
