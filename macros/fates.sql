{# What became of each row of a staging table. `held_back` and `rejected` rows are told by name elsewhere; a row without
   a fate is what the reconciliation looks for. #}
{% macro fates(object, model, key) -%}
(
    select
        staged.{{ key }} as key,
        case
            when records.id is not null then 'loaded'
            when records.status is not null then records.status
            when held.key is not null then 'held_back'
        end as fate,
    from {{ model }} as staged
    left join {{ source('ledger', 'records') }} as records
        on records.object = {{ literal(object) }} and staged.{{ key }} = records.key
    left join (
        select distinct key
        from {{ source('ledger', 'held_back') }}
        where object = {{ literal(object) }}
    ) as held on staged.{{ key }} = held.key
)
{%- endmacro %}

{# The equation of one object, as a test: it gives a row where the sums do not hold. Every row of the clinic is left out
   by a named rule (`excluded` is the condition that says so), or stands in the staging table; every row there has a
   fate. Before the first load there is nothing to hold. #}
{% macro row_equation(object, model, key, clinic, excluded='excluded_by is not null') -%}
with sums as (
    select
        (select count(*) from {{ clinic }}) as current_rows,
        (select count(*) from {{ clinic }} where {{ excluded }}) as excluded,
        (select count(*) from {{ model }}) as staged,
        (select count(*) from {{ fates(object, model, key) }} where fate is null) as without_a_fate,
        (select count(*) from {{ source('ledger', 'runs') }} where command = 'load') as loads,
)

select *
from sums
where loads > 0 and (current_rows != excluded + staged or without_a_fate > 0)
{%- endmacro %}

{# An amount of money over all records of one object that are meant to stand in the CRM, to the millionth, as a test:
   it gives a row where the sum differs there from what `clinic` says. #}
{% macro money_equation(object, field, clinic, key, amount) -%}
with sums as (
    select
        (
            select coalesce(sum((body ->> '$.{{ field }}.amountMicros')::decimal(38, 0)), 0)
            from {{ source('readback', 'records') }}
            where object = {{ literal(object) }}
        ) as micros_in_the_crm,
        (
            select coalesce(sum({{ amount }}), 0)::decimal(38, 6) * 1000000
            from {{ clinic }} as clinic
            inner join {{ source('readback', 'sent') }} as sent
                on sent.object = {{ literal(object) }} and {{ source_system_id('clinic.' ~ key) }} = sent.key
        ) as micros_in_the_clinic,
)

select *
from sums
where micros_in_the_crm != micros_in_the_clinic
{%- endmacro %}
