-- Only what a model would have read, and an export is known to write.
with landed as (
    select distinct kind from {{ ref('cliniko__exports') }}
),

found as (
    select distinct
        kind,
        column_name,
    from {{ source('landing', '_columns') }}
),

final as (
    select
        declared.kind,
        string_agg(declared.header, ', ' order by declared.header) as columns,
    from {{ source('landing', '_kind_columns') }} as declared
    semi join landed using (kind)
    anti join found using (kind, column_name)
    where declared.header is not null and declared.left_out is null
    group by declared.kind
    order by declared.kind
)

select * from final
