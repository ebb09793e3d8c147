-- Chance, ids and time. A draw is a number in [0, 1) that the seed, a purpose and a row number decide, and nothing
-- else: not the threads, not the order of rows. One `hash` alone leaves the draws of two purposes hanging together.
-- Times are local to Melbourne until they are written.

create macro draw(purpose, n) as (hash(hash(getvariable('seed'), purpose, n)) >> 11)::double / 9007199254740992;

create macro below(size, purpose, n) as floor(draw(purpose, n) * size)::bigint;

create macro pick(choices, purpose, n) as choices[1 + below(len(choices), purpose, n)];

create macro chance(share, purpose, n) as draw(purpose, n) < share;

create macro sometimes(share, choices, purpose, n) as
    case when chance(share, purpose, n) then pick(choices, purpose || ', which', n) end;

-- Cliniko's ids were of 7 to 9 digits once, and are of 18 or 19 now. The kind is the last digit, so no two kinds meet.
create macro record_id(kind, n, made) as (
    case
        when made < timestamp '2015-06-01' then 1000000 + n * 10 + kind
        when made < timestamp '2017-01-01' then 100000000 + n * 10 + kind
        when made < timestamp '2021-01-01' then epoch(made)::bigint * 300000000 + n * 10 + kind
        else epoch(made)::bigint * 1000000000 + n * 10 + kind
    end
)::varchar;

create macro as_of() as timestamp '2026-08-01 11:47:00';

-- No event falls into the hours in which the clocks change.
create macro awake(t) as case when hour(t) between 1 and 3 then t - interval 4 hours else t end;

create macro later(t, seconds) as t + to_seconds(floor(seconds)::bigint);

create macro stamp(t) as
    strftime(t, '%Y-%m-%d %H:%M:%S ')
    || case
        when t - (timezone('Australia/Melbourne', t) at time zone 'UTC') = interval 11 hours then '+1100'
        else '+1000'
    end;

create macro utc(t) as strftime(timezone('Australia/Melbourne', t) at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.000Z');

-- The letters of a text that mail addresses have; null where there are none.
create macro latin(text) as nullif(lower(regexp_replace(strip_accents(text), '[^A-Za-z]', '', 'g')), '');

-- At least one decimal, no sign of currency: 90.0, 81.82.
create macro money(amount) as regexp_replace(amount::decimal(18, 2)::varchar, '0$', '');

-- What a spreadsheet makes of a time: no seconds, no offset.
create macro resaved_time(stamped) as strftime(strptime(stamped[:19], '%Y-%m-%d %H:%M:%S'), '%d/%m/%Y %H:%M');

create macro guarded(id) as case when length(id) > 15 then '="' || id || '"' else id end;
