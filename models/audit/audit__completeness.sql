-- What the files themselves say of records that are in none of them.
with coverage as (
    select
        kind,
        exported_on,
        _asked_from as asked_from,
        _asked_to as asked_to,
        _first_inside as first_inside,
    from {{ ref('audit__coverage') }}
),

-- Each file covers its range; one of all time covers all until its day.
spans as (
    select
        kind,
        coalesce(from_date, date '0001-01-01') as from_date,
        coalesce(to_date, run_date, date '9999-12-31') as to_date,
    from {{ source('landing', '_files') }}
    where reason is null
),

reached as (
    select
        kind,
        from_date,
        max(to_date) over (
            partition by kind order by from_date, to_date rows between unbounded preceding and 1 preceding
        ) as covered_to,
    from spans
),

gaps as (
    select
        'gap_between_ranges' as finding,
        kind,
        'nothing covers ' || (covered_to + 1) || ' to ' || (from_date - 1) as what,
    from reached
    where from_date > covered_to + 1
),

earliest as (
    select min(first_inside) as day
    from coverage
),

-- A range that begins long before its first record was meant for all, unless older dates stand in other files.
ranges as (
    select
        'range_taken_for_all' as finding,
        coverage.kind,
        concat_ws(
            ', ',
            case
                when coverage.first_inside <= coverage.asked_from + 31 or earliest.day < coverage.asked_from
                    then 'what is older than ' || coverage.asked_from || ' was not asked for'
            end,
            case
                when coverage.asked_to < coverage.exported_on
                    then 'what is newer than ' || coverage.asked_to || ' was not asked for'
            end
        ) as what,
    from coverage
    cross join earliest
    where coverage.asked_from is not null
),

newest as (
    select
        max(exported_on) as day,
        arg_max(kind, exported_on) as kind,
    from coverage
),

days as (
    select
        'files_of_different_days' as finding,
        coverage.kind,
        'of ' || coverage.exported_on || '; ' || newest.kind || ' is of ' || newest.day as what,
    from coverage
    cross join newest
    where coverage.exported_on < newest.day
),

beside as (
    select
        (select count(*) from {{ source('landing', '_attachments') }} where folder = 'charts') as charts,
        (select count(*) from {{ source('landing', '_attachments') }}) as files,
        (select count(*) from {{ ref('cliniko__attachments') }} where excluded_by is null) as listed,
),

files_of_patients as (
    select
        'no_charts' as finding,
        'charts' as kind,
        'there are no files below charts/: drawings on body charts stay in Cliniko' as what,
    from beside
    where charts = 0

    union all

    select
        'files_and_index_differ' as finding,
        'patient_attachments' as kind,
        listed || ' are listed, ' || files || ' are in the folders' as what,
    from beside
    where listed != files
),

final as (
    select * from gaps
    union all
    select * from ranges where what != ''
    union all
    select * from days
    union all
    select * from files_of_patients
    order by finding, kind, what
)

select * from final
