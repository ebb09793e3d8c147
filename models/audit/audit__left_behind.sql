-- Files and columns that no model reads, where they hold something, and what a move cannot take along.
with landed as (
    select
        kind,
        sum(landed)::bigint as rows,
    from {{ source('landing', '_files') }}
    where reason is null
    group by kind
),

files as (
    select
        kinds.kind as what,
        landed.rows as rows,
        kinds.left_out as why,
        1 as place,
    from {{ source('landing', '_kinds') }} as kinds
    inner join landed using (kind)
    where kinds.left_out is not null
),

cells as (
    select
        kind,
        column_name,
        sum(filled)::bigint as filled,
    from {{ source('landing', '_columns') }}
    where column_name is not null
    group by kind, column_name
),

columns_left as (
    select
        declared.kind || ': ' || string_agg(
            coalesce(declared.header, declared.column_name), ', ' order by declared.header, declared.column_name
        ) as what,
        max(cells.filled) as rows,
        declared.left_out as why,
        3 as place,
    from {{ source('landing', '_kind_columns') }} as declared
    inner join cells using (kind, column_name)
    where declared.left_out is not null and cells.filled > 0
    group by declared.kind, declared.left_out
),

never as (
    select
        what,
        null::bigint as rows,
        concat_ws(' ', why, 'In its place: ' || instead) as why,
        2 as place,
    from {{ ref('handover__not_migrated') }}
),

final as (
    select * exclude (place)
    from (
        select * from files
        union all
        select * from columns_left
        union all
        select * from never
    )
    order by place, what
)

select * from final
