{# What became of each row of a staging table. Whoever is not in is told by name elsewhere (`rejects`); a row without a
   fate is what the reconciliation looks for. `linked` is the column that says whom of the CRM it is. #}
{% macro fates(object, model, key, linked='null') -%}
(
    select
        staged.{{ key }} as key,
        case
            when {{ linked }} is not null then 'linked'
            when found_deleted.key is not null then 'gone'
            when records.status = 'conflict' then 'conflict'
            when records.id is not null then 'loaded'
            when records.status = 'deleted' then 'taken_back'
            when records.status = 'foreign' then 'made_by_others'
            when records.status in ('rejected', 'gone') then records.status
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
    left join {{ source('plan', 'rows') }} as found_deleted
        on found_deleted.object = {{ literal(object) }} and staged.{{ key }} = found_deleted.key
        and found_deleted.action = 'blocked' and found_deleted.reason = 'deleted in the CRM by somebody'
)
{%- endmacro %}

{# The equation of one object, as a test with its figures: every row of the clinic is left out by a named rule
   (`excluded` is the condition that says so), or stands in the staging table; every row there has a fate, and each fate
   is a figure. Before the first load of all nothing is asked, nor after one of a sample. #}
{% macro row_equation(object, model, key, clinic, excluded='excluded_by is not null', linked='null') -%}
{% set fates_of_a_row = ['loaded', 'conflict', 'held_back', 'rejected', 'gone', 'made_by_others', 'taken_back'] -%}
{% if linked != 'null' %}{% set fates_of_a_row = fates_of_a_row + ['linked'] %}{% endif -%}
with sums as (
    select
        (select count(*) from {{ clinic }}) as current_rows,
        (select count(*) from {{ clinic }} where {{ excluded }}) as excluded,
        count(*) as staged,
        {% for fate in fates_of_a_row -%}
        count(*) filter (where fate = '{{ fate }}') as {{ fate }},
        {% endfor -%}
        count(*) filter (where fate is null) as without_a_fate,
        min(key, 5) filter (where fate is null) as such_as,
    from {{ fates(object, model, key, linked) }}
)

select
    *,
    current_rows = excluded + staged and staged = {{ fates_of_a_row | join(' + ') }} as _holds,
from sums
where (
    select arg_max(command, run) = 'load'
    from {{ source('ledger', 'runs') }}
    where starts_with(command, 'load')
)
{%- endmacro %}

{# An amount of money over all records of one object that are meant to stand in the CRM, to the millionth, as a test
   with its figures: the sum there, and what `clinic` says. #}
{% macro money_equation(object, field, clinic, key, amount) -%}
with sums as (
    select
        (
            select coalesce(sum((body ->> '$.{{ field }}.amountMicros')::decimal(38, 0) * 0.000001), 0)
            from {{ source('readback', 'records') }}
            where object = {{ literal(object) }}
        ) as in_the_crm,
        (
            select coalesce(sum({{ amount }}), 0)::decimal(38, 6)
            from {{ clinic }} as clinic
            inner join {{ source('readback', 'sent') }} as sent
                on sent.object = {{ literal(object) }} and {{ source_system_id('clinic.' ~ key) }} = sent.key
        ) as in_the_clinic,
)

select
    *,
    in_the_crm = in_the_clinic as _holds,
from sums
{%- endmacro %}
