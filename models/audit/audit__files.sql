with source as (
    select * from {{ source('landing', '_files') }}
),

final as (
    select
        file,
        rows,
        nullif(concat_ws('; ', 'not landed: ' || reason, array_to_string(notes, '; ')), '') as note,
        kind as _kind,
        unreadable as _unreadable,
    from source
    order by reason is null, file
)

select * from final
