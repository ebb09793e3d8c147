-- Which visit is which, where not every source gives ids. A visit stands in a place of its own: a patient, a slot (when
-- and with whom) and the minute of its booking. A visit that was moved left its place: it is known by patient and
-- booking, where only one was lost and only one came. Of a patient all of whose visits ever had ids there is nothing to
-- say: the id is the key.
with remembered as (
    select
        key,
        case when starts_with(key, 'mark-') then split_part(key, '-', 2) end as slot,
        case when starts_with(key, 'mark-') then split_part(key, '-', 3) else 'x' end as booked,
        split_part(key, '-', -1) as patient_id,
    from {{ remembered_keys() }}
    where regexp_matches(key, '^(mark-[0-9a-f]+-[0-9a-fx]+|\d+)-\d+$')
),

calendars as (
    select
        appointments._file,
        files.from_date,
        files.to_date,
        coalesce(
            max(greatest(appointments.created_at, appointments.updated_at)),
            files.run_date::timestamptz,
            to_timestamp(0)
        ) as told_at,
    from {{ ref('cliniko__appointments') }} as appointments
    left join {{ source('landing', '_files') }} as files on appointments._file = files.file
    group by appointments._file, files.from_date, files.to_date, files.run_date
),

without_ids as (
    select patient_id
    from remembered
    where slot is not null

    union

    select unnest(patient_ids) as patient_id
    from {{ ref('cliniko__appointments') }}
    where appointment_id is null
),

told as (
    select
        appointments.appointment_id || '-' || appointments.patient_id as source_id,
        appointments.patient_id,
        {{ visit_slot('appointments.starts_at', 'appointments.practitioner_id') }} as slot,
        {{ visit_slot('appointments.starts_at', "'name:' || " ~ folded('appointments.practitioner_name')) }}
            as slot_by_name,
        {{ visit_booking('appointments.created_at') }} as booked,
        appointments.starts_at,
        appointments._file,
        calendars.told_at,
    from (
        select
            *,
            unnest(patient_ids) as patient_id,
        from {{ ref('cliniko__appointments') }}
    ) as appointments
    semi join without_ids using (patient_id)
    inner join calendars using (_file)
),

-- Who came by name first, and has an id by now, is looked for under both.
slotted as (
    select
        told.* exclude (slot_by_name),
        coalesce(by_name.slot, told.slot) as place_slot,
    from told
    left join (select distinct patient_id, slot from remembered) as by_name
        on told.patient_id = by_name.patient_id and told.slot_by_name = by_name.slot
),

-- When a visit was booked may be told by one source and not by the other.
bookings as (
    select
        patient_id,
        slot,
        min(booked) as booked,
    from (
        select
            patient_id,
            place_slot as slot,
            booked,
        from slotted

        union

        select
            patient_id,
            slot,
            booked,
        from remembered
    )
    where booked != 'x'
    group by patient_id, slot
    having count(*) = 1
),

placed as (
    select
        slotted.*,
        case when slotted.booked = 'x' then coalesce(bookings.booked, 'x') else slotted.booked end as place_booked,
    from slotted
    left join bookings on slotted.patient_id = bookings.patient_id and slotted.place_slot = bookings.slot
),

told_places as (
    select
        patient_id,
        place_slot as slot,
        place_booked as booked,
        arg_min(source_id, (length(source_id), source_id)) as source_id,
        min(starts_at) as starts_at,
        max(told_at) as told_at,
        list(distinct _file order by _file) as files,
    from placed
    group by patient_id, place_slot, place_booked
),

kept_places as (
    select
        remembered.patient_id,
        remembered.slot,
        case
            when remembered.booked = 'x' then coalesce(bookings.booked, 'x') else remembered.booked
        end as booked,
        min(remembered.key) as kept_key,
    from remembered
    left join bookings using (patient_id, slot)
    where remembered.slot is not null
    group by all
),

places as (
    select
        patient_id,
        slot,
        booked,
        {{ visit_mark('slot', 'booked', 'patient_id') }} as place,
        told_places.* exclude (patient_id, slot, booked),
        kept_places.kept_key,
    from told_places
    full join kept_places using (patient_id, slot, booked)

    union all by name

    -- What was loaded under its id, and nobody tells of by that id any more.
    select
        patient_id,
        booked,
        key as place,
        key as kept_key,
    from remembered
    anti join told on remembered.key = told.source_id
    where slot is null
),

-- A newer calendar of that time does not tell of it.
lost as (
    select places.*
    from places
    where
        source_id is null
        and exists (
            select 1
            from calendars
            where
                calendars.told_at > coalesce(places.told_at, '-infinity'::timestamptz)
                and coalesce({{ day_of('places.starts_at') }} >= calendars.from_date, calendars.from_date is null)
                and coalesce({{ day_of('places.starts_at') }} <= calendars.to_date, calendars.to_date is null)
        )
),

pairs as (
    select
        lost.place as lost_place,
        lost.kept_key,
        came.place as came_place,
        came.source_id,
        lost.booked = came.booked and lost.booked != 'x' as is_same_booking,
    from lost
    inner join places as came
        on lost.patient_id = came.patient_id
        and came.kept_key is null
        and (lost.slot is not null or came.source_id is null)
        and (lost.booked = came.booked or lost.booked = 'x' or came.booked = 'x')
        and came.told_at > coalesce(lost.told_at, '-infinity'::timestamptz)
    where not list_has_any(coalesce(lost.files, []), came.files)
),

moved as (
    select *
    from pairs
    where is_same_booking
    qualify count(*) over (partition by lost_place) = 1 and count(*) over (partition by came_place) = 1
),

keyed as (
    select
        places.place,
        places.source_id,
        coalesce(
            places.kept_key, came.kept_key, places.source_id, lost.source_id, lost.came_place, places.place
        ) as key,
        coalesce(came.came_place, lost.came_place) is not null as is_moved,
        came.came_place is null
        and exists (select 1 from pairs where pairs.came_place = places.place) as is_unsure,
    from places
    left join moved as came on places.place = came.came_place
    left join moved as lost on places.place = lost.lost_place
    where places.files is not null
),

-- Of several ids in one place the first has the place's key; the others are visits of their own.
final as (
    select distinct
        placed.patient_id,
        {{ visit_mark('placed.slot', 'placed.booked', 'placed.patient_id') }} as mark,
        placed.source_id,
        case when placed.source_id != keyed.source_id then placed.source_id else keyed.key end as key,
        keyed.is_moved,
        keyed.is_unsure,
    from placed
    inner join keyed
        on {{ visit_mark('placed.place_slot', 'placed.place_booked', 'placed.patient_id') }} = keyed.place
)

select * from final
