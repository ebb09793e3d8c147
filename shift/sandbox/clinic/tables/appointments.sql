-- The calendar: visits of one, classes of several, and time when nobody can come. The first rows are today's.
create table appointments as
with drawn as (
    select
        n,
        draw('kind', n) as kind_luck,
        n <= least(24, getvariable('appointments') // 40) as today,
        clients,
        1 + below(clients, 'visitor', n) as first_visitor,
        1 + below(getvariable('practitioners'), 'practitioner', n) as practitioner,
        1 + below(3, 'business', n) as business,
    from range(1, 1 + getvariable('appointments')) as numbers (n)
    cross join (select count(*) as clients from visitors)
),

sized as (
    select
        *,
        case
            when today or kind_luck >= 0.08 then 1
            when kind_luck >= 0.04 then least(2 + below(7, 'class', n), clients - first_visitor + 1)
            else 0
        end as size,
        not today and kind_luck >= 0.04 and kind_luck < 0.08 as is_class,
    from drawn
),

booked as (
    select
        sized.*,
        case when size = 0 then timestamp '2013-03-07 08:00:00' else visitors.created end as known_since,
        as_of()::date - known_since::date as days_known,
        case when is_class then 9 when size > 0 then 1 + below(8, 'type', n) end as type,
    from sized
    inner join visitors on sized.first_visitor + greatest(sized.size, 1) - 1 = visitors.visitor
),

days as (
    select
        *,
        case
            when today then as_of()::date
            when chance(0.06, 'future', n) or days_known < 3 then as_of()::date + 2 + below(58, 'day', n)::integer
            else known_since::date + 1 + below(days_known - 2, 'day', n)::integer
        end as day,
    from booked
),

timed as (
    select
        days.*,
        day + case when dayofweek(day) = 0 and not today then 1 else 0 end
        + to_minutes(case when today then 480 + 15 * n else 480 + 15 * below(40, 'time', n) end) as starts_at,
        starts_at + to_minutes(coalesce(duration, 60)) as ends_at,
        least(starts_at, as_of()) as seen_by,
    from days
    left join (select n as type, duration from appointment_types) as durations using (type)
),

made as (
    select
        *,
        awake(later(seen_by, -draw('lead', n) * least(40 * 86400, epoch(seen_by - known_since)))) as created,
        case
            when size > 0 and not today and chance(0.08, 'cancelled', n) then
                greatest(awake(later(seen_by, -draw('notice', n) * epoch(seen_by - created))), created)
        end as cancelled_at,
        size = 1 and cancelled_at is null and ends_at < as_of() and chance(0.05, 'no show', n) as did_not_arrive,
        case
            when size <> 1 or cancelled_at is not null or did_not_arrive then null
            when starts_at > as_of() + interval 20 minutes then null
            when today then n % 5 <> 0
            else chance(0.7, 'arrived', n)
        end as arrived,
    from timed
)

select
    n,
    record_id(5, n, created) as id,
    starts_at,
    ends_at,
    practitioner,
    business,
    type,
    size,
    first_visitor,
    is_class,
    created,
    case
        when n = 1 then as_of()
        when cancelled_at is not null then cancelled_at
        when did_not_arrive or arrived then
            greatest(created, least(later(starts_at, 60 + below(400, 'checked in', n)), as_of()))
        else created
    end as updated,
    cancelled_at,
    case when cancelled_at is not null then
        pick(
            ['Feeling Better', 'Condition Worse', 'Sick', 'COVID-19 related', 'Away', 'Other', 'Work'],
            'reason',
            n
        )
    end as cancellation_reason,
    did_not_arrive,
    arrived,
    case
        when size = 0 then pick(['Lunch', 'Staff meeting', 'Annual leave'], 'block', n)
        else sometimes(0.12, free_texts(), 'note', n)
    end as notes,
from made
order by n;

create table attendances as
select n as appointment, visitors.patient
from (
    select n, unnest(range(first_visitor, first_visitor + size)) as visitor
    from appointments
    where size > 0
) as places
inner join visitors using (visitor);

-- Visits of one patient that took place: what notes and invoices are written about.
create table visits as
select appointments.*, attendances.patient
from appointments
inner join attendances on appointments.n = attendances.appointment
where size = 1 and not is_class and cancelled_at is null and not did_not_arrive and ends_at < as_of()::date;
