-- Every file that landed, and whether a newer complete export of its kind has replaced it. A file of a range is never
-- complete, and one with records that could not be read replaces nothing.
with files as (
    select
        file,
        kind,
        run_date,
        from_date is null and to_date is null as is_complete,
        unreadable,
    from {{ source('landing', '_files') }}
    where reason is null
),

newest as (
    select
        kind,
        max(run_date) as run_date,
    from files
    where is_complete
    group by kind
),

judged as (
    select
        files.*,
        coalesce(files.is_complete and files.run_date is not distinct from newest.run_date, false) as is_newest,
        newest.run_date as newest_run_date,
    from files
    left join newest using (kind)
),

doubts as (
    select
        kind,
        case
            when not bool_or(is_newest) then 'the exports of ' || kind || ' are of ranges, not of all time'
            when coalesce(sum(unreadable) filter (where is_newest), 0) > 0
                then 'the newest export of ' || kind || ' has records that could not be read'
        end as doubt,
    from judged
    group by kind
),

final as (
    select
        judged.file,
        judged.kind,
        judged.run_date,
        judged.is_complete,
        judged.is_newest,
        coalesce(doubts.doubt is null and judged.run_date < judged.newest_run_date, false) as is_replaced,
        -- Why what is missing from this kind may be there all the same.
        doubts.doubt,
    from judged
    inner join doubts using (kind)
)

select * from final
