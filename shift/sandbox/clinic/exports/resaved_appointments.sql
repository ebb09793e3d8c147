-- An extract of two weeks before that went through a spreadsheet: other times, other booleans. Who cancelled or came
-- since was still awaited.
with changed as (
    select
        *,
        strptime("Updated At", '%Y-%m-%d %H:%M:%S %z') >= timestamptz '2026-07-15 08:00:00+10' as since,
    from appointment_records
    where
        strptime("Start Time", '%Y-%m-%d %H:%M:%S %z') between '2026-06-01 00:00:00+10' and '2026-09-30 23:59:59+10'
        and strptime("Created At", '%Y-%m-%d %H:%M:%S %z') < '2026-07-15 08:00:00+10'
)

select
    * exclude (since)
    replace (
        resaved_time("Start Time") as "Start Time",
        resaved_time("End Time") as "End Time",
        upper(("Did Not Arrive"::boolean and not since)::varchar) as "Did Not Arrive",
        case when not since then upper("Patient Arrived"::varchar) end as "Patient Arrived",
        upper("SMS Reminder Sent"::varchar) as "SMS Reminder Sent",
        upper("Email Reminder Sent"::varchar) as "Email Reminder Sent",
        case when not since then resaved_time("Cancellation Time") end as "Cancellation Time",
        case when not since then "Cancellation Reason" end as "Cancellation Reason",
        case when not since then "Cancellation Note" end as "Cancellation Note",
        case when not since then "Number of Cancellations" else 0 end as "Number of Cancellations",
        resaved_time("Created At") as "Created At",
        resaved_time(case when since then "Created At" else "Updated At" end) as "Updated At"
    ),
from changed
order by "Start Time", "Appointment ID"
