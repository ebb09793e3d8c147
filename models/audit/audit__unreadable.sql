with source as (
    select * from {{ source('landing', '_unreadable') }}
),

final as (
    select
        file,
        row,
        line,
        reason,
    from source
    order by file, row
)

select * from final
