{# A text as TIMESTAMPTZ. Cliniko writes `2013-03-27 01:00:00 +1100` in exports and ISO 8601 in the API; a spreadsheet
   writes `27/03/2013 01:00`. Without an offset it is a time in the account's zone. The three ways are kept apart: in a
   list of formats DuckDB would read an offset an hour off. #}
{% macro instant(text) -%}
case
    -- DuckDB knows times called 'epoch' and 'infinity', and takes the year 26 for one; nobody else does.
    when regexp_matches({{ text }}, '^(\d{4}-|\d{1,2}/\d{1,2}/\d{4}\b)')
        then coalesce(
            try_strptime({{ text }}, '%Y-%m-%d %H:%M:%S %z'),
            case
                when regexp_matches({{ text }}, '^\d{4}-\d\d-\d\d.*(Z|UTC|[+-]\d\d:?\d\d)$')
                    then try_cast({{ text }} as timestamptz)
            end,
            timezone(
                {{ literal(var('timezone')) }},
                try_strptime(
                    {{ text }},
                    [
                        '%Y-%m-%d %H:%M:%S',
                        '%Y-%m-%dT%H:%M:%S',
                        '%Y-%m-%d %H:%M',
                        '%Y-%m-%d',
                        {{ local_day() }} || ' %H:%M',
                        {{ local_day() }} || ' %H:%M:%S',
                        {{ local_day() }},
                    ]
                )
            )
        )
end
{%- endmacro %}

{# A TIMESTAMPTZ as CRMs take it and answer it: UTC, milliseconds. #}
{% macro iso(instant) -%}
strftime({{ instant }} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%gZ')
{%- endmacro %}

{# A text as DATE: ISO, or day and month in the order of the account's country. Null for what is no day at all. #}
{% macro day(text) -%}
case
    when regexp_matches({{ text }}, '^\d{4}-\d{1,2}-\d{1,2}$') then try_cast({{ text }} as date)
    when regexp_matches({{ text }}, '^\d{1,2}/\d{1,2}/\d{4}$') then try_strptime({{ text }}, {{ local_day() }})::date
    else {{ day_of(instant(text)) }}
end
{%- endmacro %}

{# The day of a TIMESTAMPTZ by the clocks of the clinic. #}
{% macro day_of(instant) -%}
({{ instant }} at time zone {{ literal(var('timezone')) }})::date
{%- endmacro %}

{# How the account's country writes a day. #}
{% macro local_day() -%}
'{{ "%m/%d/%Y" if var("country") in ["US", "PH"] else "%d/%m/%Y" }}'
{%- endmacro %}
